#!/bin/sh
# The gecit command of an installed node: with the node's folders, as the node's user.
home=/usr/lib/gecit

read_environment() { # as systemd does: NAME=value, the value as it stands
    [ -e "$1" ] || return 0
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
            '' | '#'* | ';'*) ;;
            *=*) export "$line" ;;
        esac
    done < "$1"
}

# A backup asks PostgreSQL itself where PgBouncer stands between: what is typed before the command wins, for this one alone.
database=${ORTHANC__GECIT__DATABASE-}

case ${1-} in
    demo | run)
        echo "gecit: '$1' kaynak klasöründe denenir (make demo), çalışan bir düğümün verisinde değil." >&2
        echo "gecit: '$1' is for a source folder (make demo), not for the data of a node at work." >&2
        exit 2
        ;;
esac
read_environment $home/environment
user=$(id -un)
case $user in
    root | orthanc)
        read_environment /etc/gecit/environment
        ;;
    *)
        case ${1---help} in
            -h | --help | --version | check | samples | send | selftest) ;;
            *)
                echo "gecit: root ya da orthanc olarak çalıştırın: sudo gecit ..." >&2
                echo "gecit: run it as root or orthanc: sudo gecit ..." >&2
                exit 2
                ;;
        esac
        ;;
esac
[ -z "$database" ] || export ORTHANC__GECIT__DATABASE="$database"
set -- "$home/.venv/bin/python" -P -m gecit.cli "$@"
# What root does would leave files that the node cannot read.
if [ "$user" = root ]; then set -- runuser -u orthanc -- "$@"; fi
exec "$@"
