#!/bin/sh
# PostgreSQL with the ledger's database: made at the first start, its password read from a file, asked for over TCP.
set -eu
umask 077
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    password=$(cat "${GECIT_LEDGER_PASSWORD_FILE:?names the file with the password}")
    if [ -z "$password" ]; then echo "$GECIT_LEDGER_PASSWORD_FILE boş / is empty" >&2; exit 2; fi
    rm -rf "$PGDATA" "$PGDATA.new"   # of a first start that broke off
    initdb -D "$PGDATA.new" -U postgres -A scram-sha-256 --pwfile="$GECIT_LEDGER_PASSWORD_FILE" --data-checksums \
        -E UTF8 --locale=C.UTF-8 >/dev/null
    printf '%s\n' 'local all postgres peer' 'host gecit gecit all scram-sha-256' 'local all all scram-sha-256' \
        > "$PGDATA.new/pg_hba.conf"
    pg_ctl -D "$PGDATA.new" -w -s start -o "-c listen_addresses='' -c unix_socket_directories=/tmp"
    printf "CREATE ROLE gecit LOGIN PASSWORD :'password';\nCREATE DATABASE gecit OWNER gecit;\n" |
        psql -q -h /tmp -v ON_ERROR_STOP=1 -v "password=$password" -U postgres postgres
    pg_ctl -D "$PGDATA.new" -w -s -m fast stop
    mv "$PGDATA.new" "$PGDATA"
fi
exec postgres -D "$PGDATA" -c unix_socket_directories=/tmp -c listen_addresses='*' -c "max_connections=${GECIT_MAX_CONNECTIONS:-300}" "$@"
