#!/usr/bin/env bash
# The morning: everything that is due every day. `./run_daily.sh --help` says how to call it.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
# shellcheck source=pipeline/wrapper.sh
. "$here/pipeline/wrapper.sh"
wrap daily Morning "$@"
