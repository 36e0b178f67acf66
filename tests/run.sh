#!/usr/bin/env bash
# Everything that CI checks. With arguments: only pytest, with these (tests/run.sh tests/unit -k lock).
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.."
umask 077
# Compiled modules are kept: hundreds of processes are started, and each would compile the pipeline anew.
# shellcheck source=pipeline/environment.sh
. pipeline/environment.sh
unset PYTHONDONTWRITEBYTECODE
./setup.sh --tests
if (($#)); then exec .venv/bin/python -m pytest "$@"; fi

failed=()
check() {
    printf '\n== %s\n' "$*"
    "$@" || failed+=("$*")
}
mapfile -t scripts < <(find . \( -name .venv -o -name var -o -name .git \) -prune -o -name '*.sh' -print | sort)
check .venv/bin/ruff check .
check .venv/bin/ruff format --check .
check .venv/bin/mypy
check .venv/bin/lint-imports --no-logo
check shellcheck --external-sources "${scripts[@]}" morning .ci/run
# Last: CI looks for its closing line.
# In the order of the folders: what takes longest (e2e) begins, and the quick ones fill what is left.
check .venv/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder
for name in "${failed[@]}"; do printf 'FAILED: %s\n' "$name"; done
((!${#failed[@]}))
