#!/bin/bash
# In a root of Debian: two nodes on one PostgreSQL by the very lines of docs/howto/nodes.md, with an upgrade. inside.sh calls it.
# The second one is "another computer": it has an /etc/gecit and a /var/lib/gecit of its own.
set -euo pipefail
. "$(dirname "$0")/functions.sh"
page=$source/docs/howto/nodes.md
b=/var/tmp/gecit-b
password='a:b\c d'   # : and \ have a \ before them in the file
cluster=$(echo /etc/postgresql/*/main | cut -d/ -f4)

# shellcheck disable=SC2016
on_b=(unshare --mount bash -ec 'mount --bind "$0/etc" /etc/gecit; mount --bind "$0/data" /var/lib/gecit; exec "$@"' $b)

block() { # heading, number of the block after it
    awk -v heading="$1" -v number="$2" '$0 == heading { on = 1 } on && /^```/ { fences++; next } on && fences == 2 * number - 1' $page
}

empty_database() {
    pg_ctlcluster "$cluster" main start
    for old in 'DATABASE IF EXISTS gecit' 'ROLE IF EXISTS gecit'; do runuser -u postgres -- psql -qc "DROP $old" 2> /dev/null; done
    # setsid: psql asks at the terminal where there is one.
    printf '%s\n' "$password" "$password" | setsid -w bash -ec "$(block '### Database and password' 1)" >> $journal 2>&1
    runuser -u postgres -- psql -Atc "SELECT rolpassword FROM pg_authid WHERE rolname = 'gecit'" | grep -q '^SCRAM-SHA-256' ||
        fail "the role has no password"
}

end_database() { kill -INT "$(head -n 1 "/var/lib/postgresql/$cluster/main/postmaster.pid")"; }

# Of the page too: the password's file (nano is not run) and the variables, of node 1 or 2.
settle() { # number
    bash -ec "$(block '### Database and password' 2 | grep -v ^nano)"
    printf 'db.example:5432:*:gecit:a\\:b\\\\c d\n' > /etc/gecit/ledger.pgpass
    block '## English' 1 | sed "s/nkara-1/nkara-$1/" >> /etc/gecit/environment
    printf 'ORTHANC__GECIT__SETTLE_SECONDS=3\n' >> /etc/gecit/environment
    [ "$1" = 1 ] || printf 'GECIT_HTTP_PORT=9042\nGECIT_DICOM_PORT=5242\nGECIT_MLLP_PORT=3575\n' >> /etc/gecit/environment
}

copy_key() { # on the second; scp has been played
    bash -ec "$(block '### One audit key' 1 | grep -v '^scp')" | grep -q "^$1 " || fail "the audit key is another one"
}

lists() { (cd /root && bash -ec "$(block '### Code lists' 1 | sed 's/ physicians.csv//; /physicians/d')"); }

people() {
    printf 'Deneme parolası 9000\n%.0s' 1 2 | gecit users add ayse > /dev/null 2>&1 || fail "gecit users add"
    gecit institutions add 999001 --name "Örnek Hastanesi" --medula-code 11999001 --aet ORNEKPACS --hl7-peer 127.0.0.1 > /dev/null
}

exam() { # sample, HL7 port, DICOM port
    gecit send --port "$2" "$data/samples/$1/order.hl7" > /dev/null || fail "order of $1"
    storescu -aet ORNEKPACS -aec GECIT 127.0.0.1 "$3" $data/samples/"$1"/images/* || fail "images of $1"
}

report() { gecit send --port "$2" "$data/samples/$1/report.hl7" > /dev/null || fail "report of $1"; } # sample, HL7 port

submitted() { # sample, ...
    local accession
    accession=$(tr '\r' '\n' < "$data/samples/$1/order.hl7" | grep ^ORC | cut -d'|' -f3)
    for _ in $(seq 60); do
        if "${@:2}" gecit judge "$accession" 2> /dev/null | grep -c '^SUBMIT' > /dev/null; then return; fi
        sleep 0.5
    done
    fail "verdict of $1"
}

all_well() { # ...
    for one in "gecit health" "gecit audit verify" "gecit ledger verify" "gecit ledger rebuild"; do
        # shellcheck disable=SC2086
        "$@" $one > /var/tmp/said 2>&1 || fail "$* $one: $(cat /var/tmp/said)"
    done
}

declare -fx block settle copy_key lists fail
export page journal

say "PostgreSQL $cluster, iki düğüm | two nodes"
clean
grep -q db.example /etc/hosts || printf '127.0.0.1 db.example\n' >> /etc/hosts
empty_database
make -s -C $source install > /dev/null
rm -rf $b
mkdir $b
cp -a /etc/gecit $b/etc
install -d -m 0700 -o orthanc -g orthanc $b/data
settle 1
"${on_b[@]}" bash -ec 'settle 2'

people
gecit samples $data/samples > /dev/null
cp $data/samples/radiologists.csv /root/
lists > /var/tmp/list
start 8042
cp $data/audit.key /root/audit.key
"${on_b[@]}" bash -ec "copy_key $(sha256sum $data/audit.key | cut -d' ' -f1)"
"${on_b[@]}" bash -ec lists | cmp /var/tmp/list - || fail "the lists differ"
start 9042 "${on_b[@]}"
exam ultrasound 2575 4242
exam x-ray 3575 5242
[ "$(gecit nodes list | grep -c '^Ankara-[12]  *True')" = 2 ] || fail "$(gecit nodes list)"
all_well
install -d -m 0700 -o orthanc -g orthanc /backup
rm -rf /backup/*
gecit backup /backup/before-upgrade > /dev/null || fail "gecit backup"
stop

say "yükseltme | upgrade"
make -s -C $source install > /dev/null
"${on_b[@]}" make -s -C $source install > /dev/null
for file in /etc/gecit/ledger.pgpass $b/etc/ledger.pgpass; do
    [ "$(stat -c %U:%a $file)" = orthanc:600 ] || fail "the upgrade took $file away: $(stat -c %U:%a $file)"
done
launch 8042
launch 9042 "${on_b[@]}"
await 8042
await 9042 "${on_b[@]}"
report ultrasound 2575
report x-ray 3575
submitted x-ray
submitted ultrasound "${on_b[@]}"
all_well
all_well "${on_b[@]}"
stop
end_database
rm -rf $b
clean
