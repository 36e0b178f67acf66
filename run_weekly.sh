#!/usr/bin/env bash
# The week: what is due once a week. `./run_weekly.sh --help` says how to call it.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
# shellcheck source=pipeline/wrapper.sh
. "$here/pipeline/wrapper.sh"
wrap weekly Week "$@"
