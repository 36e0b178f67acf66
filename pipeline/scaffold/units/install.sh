#!/usr/bin/env bash
# What a server needs for the mornings of @district@. Root runs it; running it again is safe, and is a part of an upgrade.
set -euo pipefail
umask 022
say() { printf 'install: %s\n' "$*" >&2; }
((EUID == 0)) || { say "root must run this"; exit 30; }

# The program's environment, which the service user only reads.
LUIGI_CONFIG_PATH=@config@ @code@/setup.sh

# The service user, and the folders into which it alone writes. One that is there is left as it is.
id -u @user@ >/dev/null 2>&1 || useradd --system --user-group --home-dir @landing@ --no-create-home --shell /usr/sbin/nologin @user@
for each in @writable@ @secrets@; do
    if [[ ! -e $each ]]; then
        install -d -o @user@ -g "$(id -gn @user@)" -m 0700 "$each"
    elif [[ $(stat -c %U -- "$each") != @user@ ]]; then
        say "$each belongs to $(stat -c %U -- "$each"), and the runs write into it, or read secrets there, as @user@. Next: name" \
            "another folder in @config@, or, when it is for this alone: chown -R @user@ $each"
        exit 30
    fi
done

# What the service user must be able to read and run.
for each in @config@ @catalogue@ @known_hosts@ @drop@; do
    runuser -u @user@ -- test -r "$each" || say "@user@ cannot read $each. Next: let it, or put that where it can"
done
runuser -u @user@ -- find @secrets@ ! -readable 2>/dev/null |
    while read -r each; do say "@user@ cannot read the secret $each. Next: chown @user@ $each"; done
runuser -u @user@ -- @code@/.venv/bin/python -c '' ||
    say "@user@ cannot run @code@/.venv/bin/python. Next: rm -rf @code@/.venv, PYTHON=/usr/bin/python3 @code@/setup.sh, then this"

# What only this server knows (Google's credentials, secrets of the environment): yours to fill, and read by every run.
if [[ ! -e /etc/default/@name@ ]]; then
    install -o root -g "$(id -gn @user@)" -m 0640 /dev/stdin /etc/default/@name@ <<'END'
# The environment of the mornings of @district@: NAME=value, a line each.
#GOOGLE_APPLICATION_CREDENTIALS=/etc/morning/google.json
END
fi

# The district's own command, with completion: sudo @name@ status
cat >/usr/local/bin/@name@ <<'END'
#!/bin/sh
# The operator's commands on @district@, as the service user: everything that they read and write is its own.
if [ "$(id -un)" != @user@ ]; then
    [ "$(id -u)" = 0 ] || exec sudo "$0" "$@"
    exec runuser -u @user@ -- "$0" "$@"
fi
set -a
. /etc/default/@name@
LUIGI_CONFIG_PATH=@config@ MORNING_COMMAND=/usr/local/bin/@name@
exec @code@/morning "$@"
END
chmod 0755 /usr/local/bin/@name@
install -d /etc/bash_completion.d
printf 'complete -W "%s" %s\n' "$(@code@/.venv/bin/python -m pipeline words)" @name@ >/etc/bash_completion.d/@name@
