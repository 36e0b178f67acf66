#!/usr/bin/env bash
# Renews the lock files from pyproject.toml, for Python 3.11 to 3.13 and with every file's hash.
#
#   ./lock.sh                keeps each pin that still fits
#   ./lock.sh --upgrade      takes the newest that fit (or --upgrade-package NAME)
#
# uv, which does it, lives in a folder that is thrown away; nobody needs it to run the pipeline.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
place=$(mktemp -d)
trap 'rm -rf -- "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place"
"$place/bin/python" -m pip install --quiet --disable-pip-version-check uv

# No address of a package registry is written: whoever installs uses their own.
lock() {
    "$place/bin/uv" pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links "$@" </dev/stdin
}
lock --python-version 3.11 "$@" pyproject.toml -o requirements.lock
lock --python-version 3.11 "$@" -c requirements.lock --group sandbox -o requirements-sandbox.lock
lock --python-version 3.11 "$@" -c requirements.lock -c requirements-sandbox.lock --group test -o requirements-test.lock
# yattag comes as source only, and is for HTML reports that nobody makes here.
lock --python-version 3.11 "$@" -c requirements.lock -c requirements-sandbox.lock -c requirements-test.lock \
    --no-emit-package yattag --group mutants -o requirements-mutants.lock
# Declares Python 3.13, which is not so (pyproject.toml says what it needs instead).
lock --python-version 3.13 --no-deps "$@" - -o requirements-standin.lock <<<'local-bigquery==0.4.0'
