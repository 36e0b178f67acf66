#!/usr/bin/env bash
# This district's run; what follows it is handed on to the engine's run_daily.sh.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
export LUIGI_CONFIG_PATH=$here/luigi.cfg MORNING_COMMAND=$here/morning
engine=${MORNING_ENGINE:-@engine@}
exec "$engine/run_daily.sh" "$@"
