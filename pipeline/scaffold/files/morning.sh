#!/usr/bin/env bash
# The operator's commands on this district: ./morning status, ./morning release DELIVERY …; ./morning --help lists them.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
export LUIGI_CONFIG_PATH=$here/luigi.cfg MORNING_COMMAND=$here/morning
engine=${MORNING_ENGINE:-@engine@}
exec "$engine/morning" "$@"
