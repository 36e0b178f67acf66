#!/usr/bin/env bash
# Makes .venv, the pipeline's Python environment, from the lock files. Silent when there is nothing to do.
#
#   ./setup.sh [--tests]      PYTHON=/path/to/python3.12 ./setup.sh
#
# Exit code 0, or 30 when something is missing (with --tests 1). The sandbox's packages are left out when the
# configuration says `[sandbox] enabled = false`. .venv/set-up, written last, lists what is installed: without
# it, or with a lock file or Python that has changed since, .venv is made anew; a set that is new is added.
set -euo pipefail
# Programs, not personal data: root may install what a service account then runs.
umask 022
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
# shellcheck source=pipeline/environment.sh
. "$here/pipeline/environment.sh"
# The caller's own Python environment must not be changed, either.
unset PIP_TARGET PIP_PREFIX PIP_ROOT
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1

failure=30 tests=no
say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$@"; exit "$failure"; }

case "$*" in
    '') ;;
    --tests) tests=yes failure=1 ;;
    *) printf 'usage: ./setup.sh [--tests]\n' >&2; exit 2 ;;
esac
cd -- "$here"
stamp=.venv/set-up

# "3.11 True True": the version of Python $1, and whether the configuration wants the sandbox, and a browser for the
# state's portal. Fails for an other version. Without site (-S) it takes 20 ms, which every morning pays.
ask() {
    "$1" -I -S - <<'PYTHON'
import configparser, os, sys
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(1)
parser = configparser.ConfigParser(interpolation=None)
try:
    # As pipeline/ground/configuration.py has it: one file, or a further copy of the pretend district over the first one.
    machines = "/etc/morning/luigi.cfg"
    own = os.environ.get("LUIGI_CONFIG_PATH") or (machines if os.path.isfile(machines) else "luigi.cfg")
    parser.read(own)
    text = os.path.expandvars(parser.get("sandbox", "enabled", fallback="false"))
    if parser.BOOLEAN_STATES.get(text.lower(), True) and not parser.has_option("district", "catalogue"):
        parser.read(["luigi.cfg", own])
    portal = parser.get("portal", "address", fallback="")
except (configparser.Error, UnicodeDecodeError):
    text, portal = "true", ""  # the run itself says what is wrong with the file
print("%d.%d" % sys.version_info[:2], parser.BOOLEAN_STATES.get(text.lower(), True), bool(portal.strip()))
PYTHON
}

# The stamp's line for Python $1: a moved folder counts as another one, as scripts in .venv/bin hold its path.
python_line() { printf 'python %s in %s\n' "$1" "$PWD"; }

# Sets version, pretends and portal (True or False), wanted (the lock files) and missing (the stamp's lines that it does
# not have) for Python $1.
look() {
    local answer
    answer=$(ask "$1") || return
    read -r version pretends portal <<<"$answer"
    wanted=(requirements.lock)
    if [[ $pretends == True ]]; then wanted+=(requirements-sandbox.lock requirements-standin.lock); fi
    if [[ $tests == yes ]]; then wanted+=(requirements-test.lock); fi
    missing=$({ python_line "$version"; sha256sum -- "${wanted[@]}"; } | grep -Fxvf <(cat -- "$stamp" 2>/dev/null)) || true
}

# True when whoever runs the morning can run Python $1. What root installs for a real district another user runs, who
# may not enter a folder like /root. (Call look first: it says whether this is a pretend district.)
for_its_user() {
    local place
    ((EUID == 0)) && [[ $pretends == False ]] || return 0
    place=$("$1" -I -S -c 'import sys; print(sys._base_executable)') || return
    place=$(dirname -- "$(readlink -f -- "$place")")
    while [[ $place != / ]]; do
        (($(stat -c '0%a' -- "$place") & 1)) || return
        place=$(dirname -- "$place")
    done
}

# True when .venv holds all that is wanted, for the Python that was asked for.
complete() {
    [[ -s $stamp && -x .venv/bin/python ]] || return
    look .venv/bin/python 2>/dev/null || return
    [[ -z $missing ]] || return
    [[ -z ${PYTHON:-} || $(ask "$PYTHON" 2>/dev/null) == "$version "* ]]
}

# True when some line of the stamp is no longer right: then adding to .venv is not enough.
stale() {
    [[ -s $stamp && -x .venv/bin/python ]] || return 0
    { python_line "$version"; sha256sum -- requirements*.lock; } | grep -Fxvqf - -- "$stamp"
}

# Sets python to the program that .venv is made with. A virtual environment's Python (the caller's active one)
# or pyenv's shim stands for the real one behind it.
find_python() {
    local candidate passed=
    for candidate in ${PYTHON:+"$PYTHON"} ${PYTHON:-python3 python3.13 python3.12 python3.11 /usr/bin/python3}; do
        { look "$candidate" 2>/dev/null && [[ $version == 3.* ]]; } || continue
        for_its_user "$candidate" || { passed=$(command -v "$candidate"); continue; }
        python=$("$candidate" -I -S -c 'import os, sys; b = sys._base_executable; print(b if os.access(b, os.X_OK) else sys.executable)')
        return
    done
    if [[ -n $passed ]]; then
        fail "no other user may enter the folder of $passed, and root does not run the morning. Next: 'sudo apt-get install" \
            "python3 python3-venv', then PYTHON=/usr/bin/python3 ./setup.sh"
    fi
    fail "found no Python 3.11, 3.12 or 3.13${PYTHON:+ in PYTHON=$PYTHON}. Next: 'sudo apt-get install python3" \
        "python3-venv' (Debian 12 or newer), or name one: PYTHON=/path/to/python3.12 ./setup.sh"
}

# Debian's packages $@: installed when root calls, asked for otherwise.
need_packages() {
    (($#)) || return 0
    if ((EUID)) || ! command -v apt-get >/dev/null; then
        fail "these Debian packages are missing: $*. Next: sudo apt-get update && sudo apt-get install --yes $*"
    fi
    say "installing Debian's $*"
    apt-get -qq update >&2 || say "apt-get update failed; trying with the lists that are here"
    # openssh-server and proftpd-core are wanted for their programs: Debian starts no service while this file says no.
    # Were one started all the same, it must not inherit our lock (7).
    local policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install --yes \
        --no-install-recommends "$@" </dev/null >&2 7>&- || fail "apt-get could not install $*; it says why above"
}

# The browser that walks through the state's portal, when the configuration names one.
browser_packages() {
    local packages=()
    [[ $portal == True ]] || return 0
    command -v chromium >/dev/null || packages+=(chromium)
    command -v chromedriver >/dev/null || packages+=(chromium-driver)
    need_packages "${packages[@]}"
}

# The last six are other people's SFTP servers (docs/servers.md), each run by the tests on a port of loopback.
test_packages() {
    local packages=()
    [[ -x /usr/sbin/sshd ]] || packages+=(openssh-server)
    command -v ssh-keygen >/dev/null || packages+=(openssh-client)
    command -v shellcheck >/dev/null || packages+=(shellcheck)
    command -v systemd-analyze >/dev/null || packages+=(systemd)
    [[ -x /usr/sbin/proftpd ]] || packages+=(proftpd-core)
    [[ -e /usr/lib/proftpd/mod_sftp.so ]] || packages+=(proftpd-mod-crypto)
    [[ -x /usr/sbin/dropbear ]] || packages+=(dropbear-bin)
    compgen -G '/usr/lib/*/libnss_wrapper.so' >/dev/null || packages+=(libnss-wrapper)
    [[ -x /usr/libexec/gesftpserver ]] || packages+=(gesftpserver)
    command -v rclone >/dev/null || packages+=(rclone)
    need_packages "${packages[@]}"
    # Nor is its FTP server to listen from the next start of the machine on.
    if [[ " ${packages[*]} " == *" proftpd-core "* ]] && command -v systemctl >/dev/null; then
        systemctl --quiet disable proftpd.service >&2 || say "could not disable proftpd.service; do so yourself"
    fi
}

make_venv() {
    find_python
    look "$python"
    if ! "$python" -I -c 'import venv, ensurepip; ensurepip.version()' &>/dev/null; then
        [[ $python == /usr/bin/* ]] || fail "$python has no venv and ensurepip. Next: name another with PYTHON="
        need_packages "python$version-venv"
    fi
    say "making .venv with Python $version ($python); a minute or two"
    rm -rf -- .venv
    "$python" -I -m venv .venv || fail "$python could not make .venv; it says why above"
    # Programs of .venv/bin do not look into the folder that they are called from: luigi --module pipeline.morning.
    printf '%s\n' "$PWD" >".venv/lib/python$version/site-packages/pipeline.pth"
}

# Wheels only: what is not built here cannot run a stranger's build script, which no hash covers. Errors only
# (-qq): pip warns about a home folder that it cannot write, as a service account's. The lock files are whole, so
# nothing is left to resolve (--no-deps): older pips (Debian 12's) would take the newest release of what another
# package requires with an extra, and then refuse it for having no hash.
pip_install() {
    .venv/bin/python -I -m pip install -qq --no-input --only-binary :all: --require-hashes --no-deps "$@" </dev/null ||
        fail "pip could not install from ${*: -1}; it says why above. Next: mend that, then ./setup.sh again"
}

add_missing() {
    local lock
    for lock in "${wanted[@]}"; do
        [[ $missing == *"  $lock"* ]] || continue
        say "installing from $lock"
        case $lock in
            # Declares Python 3.13 and a newer duckdb than it needs; its real needs are in the sandbox's lock.
            requirements-standin.lock) pip_install --ignore-requires-python -r "$lock" ;;
            *) pip_install -r "$lock" ;;
        esac
    done
    { cat -- "$stamp" 2>/dev/null || true; printf '%s\n' "$missing"; } >"$stamp.new"
    mv -- "$stamp.new" "$stamp"
}

# Compiles the pipeline, where we may write it: whoever runs the morning may often not, and each process would do it anew.
compile_pipeline() {
    local mark=pipeline/__pycache__/compiled
    [[ -w pipeline ]] || return 0
    [[ ! -e $mark || -n $(find pipeline -name '*.py' -newer "$mark" -print -quit) ]] || return 0
    .venv/bin/python -I -m compileall -q -x /scaffold/files/ pipeline >&2 || return 0 # a file that cannot be compiled is told when it is used
    touch -- "$mark"
}

# What a whole .venv still needs.
finish() {
    browser_packages
    compile_pipeline
}

if [[ $tests == yes ]]; then test_packages; fi
if complete; then
    finish
    exit 0
fi

# One set-up at a time, and none under a run that is at work: a run holds this lock shared (pipeline/wrapper.sh). It is
# on the folder itself: nothing needs to be written for it.
exec 7<.
if ! flock -n 7; then
    say "waiting for a run, or another set-up, that uses .venv (at most 30 minutes)"
    flock -w 1800 7 || fail "something still uses .venv. Next: when it has ended, ./setup.sh again"
    if complete; then
        finish
        exit 0
    fi
fi

if [[ -n ${PYTHON:-} ]] || ! look .venv/bin/python 2>/dev/null || stale; then
    make_venv
fi
look .venv/bin/python || fail "the new .venv does not run"
browser_packages
add_missing
compile_pipeline
say "done"
