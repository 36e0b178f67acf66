#!/usr/bin/env bash
# What a server needs for the mornings of @district@. Root runs it; running it again is safe, and is a part of an upgrade.
set -euo pipefail
((EUID == 0)) || { printf 'install: root must run this\n' >&2; exit 30; }

# The program's environment, which the service user only reads.
LUIGI_CONFIG_PATH=@config@ @code@/setup.sh

# The service user, and the folders into which it alone writes.
id -u @user@ >/dev/null 2>&1 || useradd --system --user-group --home-dir @landing@ --no-create-home --shell /usr/sbin/nologin @user@
install -d -o @user@ -g "$(id -gn @user@)" -m 0700 @writable@ @secrets@

# What it must be able to read.
for each in @config@ @catalogue@ @known_hosts@ @drop@; do
    runuser -u @user@ -- test -r "$each" ||
        printf 'install: %s cannot read %s. Next: let it, or put that where it can\n' @user@ "$each" >&2
done
runuser -u @user@ -- @code@/.venv/bin/python -c '' ||
    printf 'install: %s cannot run %s. Next: rm -rf %s, then %s, then this again\n' @user@ @code@/.venv/bin/python \
        @code@/.venv 'PYTHON=/usr/bin/python3 @code@/setup.sh' >&2

# One command, with completion.
ln -sfn @code@/morning /usr/local/bin/morning
install -d /etc/bash_completion.d
@code@/morning completion >/etc/bash_completion.d/morning
