# shellcheck shell=bash disable=SC2154,SC2164  # `here` is set, and `set -e` switched on, by who sources this
# What run_daily.sh and run_weekly.sh have in common; sourced by them, with `here` set to the pipeline's folder.
#
# Locks, each a file and held through a file descriptor:
#   7  the pipeline's own folder (shared)        setup.sh does not rebuild .venv under a run
#   8  <landing>/locks/daily.lock, weekly.lock   one run of a name: the second says so and ends with 0
#   9  <landing>/locks/run.lock                  one run at all: the weekly waits for the daily
# The last two lie where the state lies: two checkouts with one configuration exclude each other.
# The run inherits them, so that they are held while it lives even if this wrapper was killed. The sandbox and
# the central scheduler, which live on, must not.

usage() {
    cat <<EOT
usage: ./run_$name.sh [--date YYYY-MM-DD] [--workers N] [--quiet] [--send-nothing] [--only NAME] [--tell] [--help-along]
       [-- LUIGI-ARGUMENTS]

Builds what is missing or stale of $root, and nothing else: calling it again is always safe.

  --date YYYY-MM-DD   the date to build (default: today, in the district's time zone)
  --workers N         tasks at the same time (default: 32, for most of their time they wait)
  --quiet             print the end alone, and that only when it is another one than the last run's (for cron)
  --send-nothing      make and check everything, give nobody anything, and lay what would be given into a folder
  --only NAME         make that feed or delivery alone, with all that it needs
  --help-along        where another machine is at work on just this, do a share of it (both ask one central scheduler)
  --tell              tell the receivers of [notify], though the date is not today's
  --help              this text
  -- ...              everything after -- is handed on to Luigi

Exit codes: 0 done, or another run is at work; 20 a vendor's file is not there yet; 30 something is broken;
40 a delivery waits for a person; 2 wrong arguments; 130 or 143 interrupted.
EOT
}

# Nothing for a quiet run to tell.
tell() { [[ -n $quiet ]] || say "$@"; }
say() { printf 'run_%s: %s\n' "$name" "$*" >&2; }
broken() { say "$@"; exit 30; }
wrong() { say "$@"; usage >&2; exit 2; }

# Sets date, workers, quiet, sends, only, tells, helps and extra.
parse() {
    date='' workers=32 quiet='' sends='' only='' tells='' helps='' extra=()
    while (($#)); do
        case $1 in
            --help | -h) usage; exit 0 ;;
            --date=* | --workers=* | --only=*) set -- "${1%%=*}" "${1#*=}" "${@:2}"; continue ;;
            --date) is_date "${2-}" || wrong "--date '${2-}' is no date like 2026-11-23"
                date=$2; shift 2 ;;
            --workers) [[ ${2-} =~ ^[1-9][0-9]?$ ]] || wrong "--workers '${2-}' is no number from 1 to 99"
                workers=$2; shift 2 ;;
            --quiet) quiet=--quiet; shift ;;
            --send-nothing) sends=--send-nothing; shift ;;
            --only) [[ ${2-} =~ ^[A-Za-z0-9_]+$ ]] || wrong "--only '${2-}' is no name of a feed or delivery"
                only=$2; shift 2 ;;
            --tell) tells=--tell; shift ;;
            --help-along) helps=--help-along; shift ;;
            --) extra=("${@:2}"); break ;;
            *) wrong "unknown argument '$1'" ;;
        esac
    done
}

is_date() { [[ $1 =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ && $(date -d "$1" +%F 2>/dev/null) == "$1" ]]; }

# Runs "$@" and returns its exit code, with our signals handed on to it. It has a process group of its own
# (set -m), or Ctrl-C would reach it twice, and a plain background job would ignore it. A program that does not
# end within 20 s of a signal is killed with all that it started.
attend() {
    local code=0
    attending=yes
    set -m
    "$@" </dev/null &
    child=$!
    set +m
    # A signal that came before `child` was set reached only us.
    [[ -z $received ]] || kill "-$received" "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || code=$?
    if [[ -n $received ]]; then
        for _ in {1..200}; do kill -0 "$child" 2>/dev/null || break; sleep 0.1; done
        kill -KILL -- "-$child" 2>/dev/null || true
        say "stopped by SIG$received"
        exit $((128 + $(kill -l "$received")))
    fi
    child='' attending=''
    return "$code"
}

on_signal() {
    received=$1
    if [[ -z $attending ]]; then exit $((128 + $(kill -l "$1"))); fi
    [[ -z $child ]] || kill "-$1" "$child" 2>/dev/null || true
}

# "daily of 2026-11-23, pid 4711, since 05:00:01": who holds lock file $1.
holder() {
    local who=''
    read -r who <"$1" || true
    printf '%s' "${who:-just starting}"
}

# Takes lock 8, this run's own, or ends. A second run has nothing to do (0) only when the first one makes the same date and
# is no older than a run can be; it waits for one of another date; one that is older hangs, and nobody would hear of it.
take_own_lock() {
    local own=$landing/locks/$name.lock age who
    exec 8<>"$own"
    if flock -n 8; then return; fi
    for _ in 1 2; do # one that has begun just now writes its name in a moment: until then its predecessor's stands there
        who=$(holder "$own")
        if is_young "$own"; then break; fi
        sleep 2
    done
    is_young "$own" || hangs "$own"
    if [[ $who == "just starting" || $who == "$what of $date,"* ]]; then
        tell "another run is at work ($who); this one has nothing to do"
        exit 0
    fi
    tell "waits for the run that is at work ($who), at most 10 minutes"
    attend flock -w 600 8 || broken "after 10 minutes that run is still at work ($who). Next: call this again later"
}

# True when the run that holds lock file $1 is no older than a run can be. Sets age, in seconds.
is_young() { age=$(($(date +%s) - $(stat -c %Y -- "$1"))); ((age < longest_hours * 3600)); }

# Ends: the run that holds lock file $1 hangs, and nobody would hear of it.
hangs() {
    broken "the run that is at work ($(holder "$1")) has been so for $((age / 3600)) hours, and no run takes $longest_hours." \
        "Next: look into its log ($logs); end it (kill the pid above), then call this again"
}

# Takes locks 8 and 9 or ends.
take_locks() {
    local all=$landing/locks/run.lock me age what="$name${only:+ (only $only)}${sends:+ (sends nothing)}"
    me="$what of $date, pid $$, since $(date '+%F %T %Z')"
    (mkdir -p -- "$landing/locks" && : >>"$landing/locks/$name.lock" && : >>"$all") ||
        broken "cannot write to $landing/locks as $(id -un)$(whose_landing)"
    take_own_lock
    printf '%s\n' "$me" >"$landing/locks/$name.lock" || broken "cannot write to $landing/locks. Next: make room on its disk"
    exec 9<>"$all"
    if ! flock -n 9; then
        is_young "$all" || { sleep 2; is_young "$all"; } || hangs "$all" # one that has begun just now: as above
        tell "waits for the run that is at work ($(holder "$all")), at most 2 hours"
        attend flock -w 7200 9 || broken "after 2 hours that run is still at work ($(holder "$all")). Next: look into its log"
    fi
    printf '%s\n' "$me" >"$all" || broken "cannot write to $landing/locks. Next: make room on its disk"
}

# What to do where $landing cannot be written to: it is somebody else's, it is not mounted, or its disk takes nothing.
whose_landing() {
    local owner
    owner=$(stat -c %U -- "$landing" 2>/dev/null) || owner=''
    if [[ -n $owner && $owner != root && $owner != $(id -un) ]]; then
        printf '. Next: run it as the folder'\''s owner, %s' "$owner"
    else
        printf '. Next: look whether its disk is mounted and takes something (df, mount); then call this again'
    fi
}

# What root writes nobody else may read: the next run as the state's owner would fail on it.
refuse_root() {
    local owner
    owner=$(stat -c %U -- "$landing" 2>/dev/null) || return 0
    ((EUID)) || [[ $owner == root ]] ||
        broken "$landing belongs to $owner, and this is root. Next: sudo -u $owner" \
            "${LUIGI_CONFIG_PATH:+env LUIGI_CONFIG_PATH=$LUIGI_CONFIG_PATH }$here/run_$name.sh $called"
}

# Sets today, sandbox (True or False), host, port, state (luigid's file), logs, landing and longest_hours from the
# configuration, and the engine's version.
read_settings() {
    local text
    text=$(.venv/bin/python - <<'PYTHON'
import sys
sys.path.insert(0, "")
from pipeline import VERSION
from pipeline.ground import errors, settings
try:
    found = settings.load()
    state = settings.state_path()
except errors.PipelineError as error:
    sys.exit(str(error))
core = found.core
district = found.district
print(found.today(), found.sandbox.enabled, core.scheduler_host, core.scheduler_port, state, sep="\n")
print(district.logs, district.landing, district.longest_hours, VERSION, sep="\n")
PYTHON
    ) || broken "the configuration cannot be used (above)"
    {
        read -r today; read -r sandbox; read -r host; read -r port; read -r state
        read -r logs; read -r landing; read -r longest_hours; read -r version
    } <<<"$text"
}

# Sets there to what is at host and port: luigid, another server, or nothing. (The bound is for a host that swallows
# packets, and for a server that says nothing.)
# shellcheck disable=SC2016  # the inner bash expands it
look_for_scheduler() {
    local said
    said=$(timeout 10 bash -c 'exec 3<>"/dev/tcp/$0/$1" || exit
        echo connected
        printf "GET /api/is_pause_enabled HTTP/1.0\r\nHost: %s\r\n\r\n" "$0" >&3
        cat <&3' "$host" "$port" 2>/dev/null | tr -d '\0') || true
    case $said in
        *'{"response": {"enabled": '*) there=luigid ;;
        connected*) there=another ;;
        *) there=nothing ;;
    esac
}

# The central scheduler of this engine's version answers afterwards. One that somebody else started is left as it is, and
# one on another machine is not ours to start.
start_scheduler() {
    local there beside
    beside=$(dirname -- "$state")
    look_for_scheduler
    if [[ $there == luigid ]] && is_ours "$beside" && [[ $(cat -- "$beside/luigid.version" 2>/dev/null) != "$version" ]]; then
        tell "ends the central scheduler of another version of the engine, and starts its own"
        end_scheduler "$(<"$beside/luigid.pid")"
        there=nothing
    fi
    case $there in
        luigid) return ;;
        another)
            broken "what answers at $host:$port is no central scheduler (luigid). Next: end it (ss -ltnp 'sport = :$port'" \
                "tells what it is), or write another scheduler_port into [core] of the configuration" ;;
    esac
    case $host in
        127.* | localhost | ::1) ;;
        *) broken "the central scheduler at $host:$port does not answer. Next: start luigid there" ;;
    esac
    { mkdir -p -- "$beside" "$logs" && : >>"$logs/luigid.log" && : >>"$beside/luigid.pid"; } ||
        broken "cannot write to $beside and $logs as $(id -un). Next: let it, or name other folders in the configuration"
    setsid .venv/bin/python -m pipeline.run.luigid --address "$host" --port "$port" --state-path "$state" \
        </dev/null >>"$logs/luigid.log" 2>&1 7>&- 8>&- 9>&- &
    printf '%s\n' $! >"$beside/luigid.pid"
    printf '%s\n' "$version" >"$beside/luigid.version"
    for _ in {1..75}; do
        look_for_scheduler
        if [[ $there == luigid ]]; then return; fi
        kill -0 $! 2>/dev/null || break
        sleep 0.2
    done
    broken "luigid did not come up at $host:$port. Next: see $logs/luigid.log"
}

# True when the luigid that a wrapper started, and told of in folder $1, is alive.
is_ours() {
    local pid
    pid=$(cat -- "$1/luigid.pid" 2>/dev/null) && [[ $pid =~ ^[0-9]+$ ]] &&
        { tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q "luigid.* --port $port "; } 2>/dev/null
}

# Ends process $1, which writes its state before it goes.
end_scheduler() {
    kill -TERM "$1" 2>/dev/null || return 0
    for _ in {1..100}; do kill -0 "$1" 2>/dev/null || return 0; sleep 0.1; done
    kill -KILL "$1" 2>/dev/null || true
}

# The whole of a run: its name (daily), the root task (Morning), and the arguments.
wrap() {
    name=$1 root=$2 called="${*:3}" child='' attending='' received='' code=0
    parse "${@:3}"
    # shellcheck source=pipeline/environment.sh
    . "$here/pipeline/environment.sh"
    cd -- "$here"
    # Luigi knows no other way to be told of the machine's own district.
    if [[ -z ${LUIGI_CONFIG_PATH-} && -f /etc/morning/luigi.cfg ]]; then export LUIGI_CONFIG_PATH=/etc/morning/luigi.cfg; fi
    # Everything a run writes is, or may hold, personal data.
    umask 077
    local signal
    # shellcheck disable=SC2064  # the name is meant to be put in now
    for signal in INT TERM HUP; do trap "on_signal $signal" "$signal"; done

    attend ./setup.sh || exit 30
    exec 7<. # read only: the code may belong to root
    attend flock -s -w 1800 7 || broken "setup.sh is still at work after 30 minutes"
    read_settings
    date=${date:-$today}
    refuse_root
    take_locks
    if [[ $sandbox == True ]]; then
        local said
        if [[ -n $quiet ]]; then exec {said}>/dev/null; else exec {said}>&1; fi
        attend .venv/bin/python -m pipeline.sandbox up --date "$date" >&"$said" 7>&- 8>&- 9>&- ||
            broken "the sandbox did not come up (above)"
        exec {said}>&-
    fi
    start_scheduler
    # What is larger goes back to the machine when it is freed. By itself the allocator raises this number, and then
    # keeps for each thread what a large file took: half of a run's memory (bench/README.md).
    export MALLOC_MMAP_THRESHOLD_=${MALLOC_MMAP_THRESHOLD_:-131072}
    attend .venv/bin/python -m pipeline run "$root" --date "$date" --workers "$workers" ${quiet:+"$quiet"} ${sends:+"$sends"} \
        ${only:+--only "$only"} ${tells:+"$tells"} ${helps:+"$helps"} -- "${extra[@]}" ||
        code=$?
    case $code in
        0 | 20 | 30 | 40) exit "$code" ;;
        *) broken "the run broke off (exit code $code, none of its own). Next: see above, and $logs" ;;
    esac
}
