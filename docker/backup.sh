#!/bin/bash
# Tonight's backup of each node, over that of the night before: docker/backup.sh hospital.yml node
# docker/backup.sh province.yml node-a node-b. The last GECIT_KEEP (14) are kept; after a bad night none is removed.
set -uo pipefail
cd "$(dirname "$0")"
status=0
for node in "${@:2}"; do
    docker-compose -f "$1" exec -T "$node" sh -euc '
        cd /backup
        last=$(find . -maxdepth 1 -name "20??-??-??" ! -name "$1" -printf "%f\n" | sort | tail -n 1)
        gecit backup "/backup/$1" ${last:+--base "/backup/$last"}
        find . -maxdepth 1 -name "20??-??-??" -printf "%f\n" | sort | head -n -"$2" | xargs -r rm -rf
    ' backup "$(date +%F)" "${GECIT_KEEP:-14}" || { echo "$node: yedek yok ya da kusurlu | no backup, or a flawed one" >&2; status=1; }
done
exit $status
