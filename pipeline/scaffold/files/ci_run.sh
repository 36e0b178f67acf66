#!/usr/bin/env bash
# Whether this district's catalogue fits together.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
LUIGI_CONFIG_PATH=$(readlink -f -- "$here/../luigi.cfg")
export LUIGI_CONFIG_PATH
cd -- "${MORNING_ENGINE:-@engine@}"
exec ./morning check
