#!/bin/bash
# In a root of Debian, with loopback alone: install, run, test from outside, upgrade, uninstall; then nodes.sh. scripts/debian-test.sh calls it.
set -euo pipefail
. "$(dirname "$0")/functions.sh"
site=https://gecit.example

certificate() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=gecit.example -addext subjectAltName=DNS:gecit.example \
        -keyout /etc/gecit/tls/web.key -out /etc/gecit/tls/web.pem 2> /dev/null
}

start_nginx() {
    ln -sf ../sites-available/gecit.conf /etc/nginx/sites-enabled/gecit.conf
    rm -f /etc/nginx/sites-enabled/default
    nginx -t 2>> $journal || fail "nginx -t"
    nginx
}

# As on a site: before the first start.
settle() {
    gecit samples $data/samples > /dev/null
    gecit codes import radiologists $data/samples/radiologists.csv > /dev/null
    gecit institutions add 990001 --trial --name "Deneme Kurumu" --medula-code 11990001 --aet GECITTEST --hl7-peer 127.0.0.1
}

self_test() {
    local token radiologist
    radiologist=$(grep -m 1 -Eo '^[0-9]{11}' $data/samples/radiologists.csv)
    token=$(gecit tokens add selftest --institution 990001 --days 1 | grep -Eo '[A-Za-z0-9_.~-]{30,}' | tail -n 1)
    printf 'token = "%s"\nradiologist = "%s"\n' "$token" "$radiologist" > /var/tmp/selftest.toml
    chown orthanc /var/tmp/selftest.toml
    chmod 600 /var/tmp/selftest.toml
    (cd $data && gecit selftest --target $site --ca /etc/gecit/tls/web.pem --hl7 127.0.0.1:2575 --dicom 127.0.0.1:4242 \
        --credentials /var/tmp/selftest.toml --by "debian-test" --stranger 127.0.0.2 --page $data/selftest.html) || fail "the self-test"
}

ip link set lo up
[ ! -d $data ] || say "önceki denemeden kalan siliniyor | what an earlier run left is removed"
clean
make -s -C $source install
say "$(. /etc/os-release; echo "$PRETTY_NAME"), $(/usr/sbin/Orthanc --version | head -n 1), $(/usr/bin/python3 -V)"
# Nobody is told of a trial; the self-test only looks whether something listens there: nginx.
printf 'ORTHANC__GECIT__SETTLE_SECONDS=3\nORTHANC__GECIT__MEDULA__URL=http://127.0.0.1:80/\n' >> /etc/gecit/environment
printf '// of the site\n' >> /etc/gecit/gecit.json
certificate
logrotate --debug /etc/logrotate.d/gecit 2>&1 | grep -i error && fail "logrotate"

settle
start 8042
start_nginx
self_test
[ "$(stat -c %U:%a $data $data/ledger.db | sort -u | tr '\n' ' ')" = "orthanc:600 orthanc:700 " ] || fail "who may read the data"
if make -s -C $source install > /var/tmp/refused 2>&1; then fail "an upgrade under a running node"; fi
grep -q 'systemctl stop orthanc' /var/tmp/refused || fail "why it was refused: $(cat /var/tmp/refused)"
stop

say "yükseltme | upgrade"
sha256sum /etc/gecit/* 2> /dev/null > /var/tmp/kept || true
make -s -C $source install > /dev/null
sha256sum --check --quiet /var/tmp/kept || fail "an upgrade changed the configuration"
start 8042
gecit ledger rebuild > /dev/null || fail "the ledger after the upgrade"
gecit audit verify > /dev/null || fail "the audit after the upgrade"
stop
nginx -s quit

say "kaldırma | uninstall"
find $data -type f -exec sha256sum {} + > /var/tmp/kept
make -s -C $source uninstall
sha256sum --check --quiet /var/tmp/kept || fail "uninstall touched the data"
[ -s $data/ledger.db ] && [ -s $data/orthanc/index ] && [ -s /etc/gecit/gecit.json ] || fail "data or configuration is gone"
left=$(find / -xdev \( -path /usr/src -o -path /tmp -o -path /var/cache -o -path /proc -o -path /dev \) -prune -o -name '*gecit*' -print |
    grep -Ev '^/(etc/gecit|var/lib/gecit|var/log|var/tmp|etc/nginx|etc/logrotate.d|\.gecit-root)' || true)
[ -z "$left" ] || fail "uninstall left: $left"
$source/tests/debian/nodes.sh
say "hepsi tamam | all well"
