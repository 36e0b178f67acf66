#!/usr/bin/env bash
# The floor: the same bytes with the fastest plain tools, overlapped, and not one check. OpenSSH's sftp (two sessions)
# pulls, curl puts into the bucket's stand-in, DuckDB reads the same files and writes the 8 views in the place of
# BigQuery's stand-in, sftp pushes under temporary names and renames.
#
# In a stand's environment: FEEDS (the giving folder on the SFTP side), OUT (the taking one), WORK (scratch),
# SFTP (`sftp -b - ... user@host` as one string), BUCKET (the bucket's upload address), PYTHON (one that has duckdb).
set -euo pipefail
cd -- "$WORK"
small="students staff courses sections enrolments grades guardians addresses transport meals assessments"
put() { curl -sf -o /dev/null -H 'Expect:' -H 'Content-Type: text/csv' --data-binary "@$1.csv" "$BUCKET&name=in/$1.csv"; }

($SFTP <<<"get $FEEDS/attendance.csv" >/dev/null) & large=$!
(for feed in $small; do echo "get $FEEDS/$feed.csv"; done | $SFTP >/dev/null) & others=$!
wait $others
(for feed in $small; do put "$feed"; done) & others=$!
wait $large
put attendance & large=$!
"$PYTHON" -m bench.floor
wait $others $large
(for file in v_*.csv; do printf 'put %s %s\nrename %s %s\n' "$file" "$OUT/$file.tmp" "$OUT/$file.tmp" "$OUT/$file"; done | $SFTP >/dev/null)
