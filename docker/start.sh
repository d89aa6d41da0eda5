#!/bin/sh
# What stands before the node's own program in its container. Every command there goes through it.
set -eu
umask 077

# libpq reads a password file only where nobody else can; a mounted secret is seldom so.
if [ -n "${GECIT_LEDGER_PASSWORD_FILE:-}" ]; then
    password=$(sed 's/[\\:]/\\&/g' "$GECIT_LEDGER_PASSWORD_FILE")
    if [ -z "$password" ]; then
        echo "$GECIT_LEDGER_PASSWORD_FILE boş / is empty" >&2
        exit 2
    fi
    printf '*:*:*:*:%s\n' "$password" > /tmp/pgpass
fi

# On the volume: zips of images are larger than what a tmpfs may take of the memory.
mkdir -p "$TMPDIR"
exec "$@"
