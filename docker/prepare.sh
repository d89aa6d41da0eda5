#!/bin/bash
# Makes what the compose files read as secrets, and nothing that is there already: docker/prepare.sh [NAME ...]
# Nothing of it is a default: passwords and keys are random. The certificate is for trying things out; put a real one
# in its place (web.pem: certificate, then those between it and the authority; web.key). Remove both to have them made anew.
# GECIT_SECRETS names another folder than docker/secrets. Needs openssl.
set -euo pipefail
folder=${GECIT_SECRETS:-$(dirname "$0")/secrets}
names=("${@:-localhost}")
umask 077
mkdir -p "$folder"
cd "$folder"

# Whoever may enter the folder may read the files: the containers' users, whose numbers are nobody's here.
kept=()
secret() {
    if [ -e "$1" ]; then kept+=("$1"); return; fi
    "${@:2}" > "$1.new"
    chmod 444 "$1.new"
    mv "$1.new" "$1"
    echo "$folder/$1"
}
random() { openssl rand -hex 24; }

secret ledger_password random
secret audit_key openssl rand 32
secret metrics_token printf ''   # filled in by hand: docs/howto/containers.md
if [ ! -e web.pem ] && [ ! -e web.key ]; then
    openssl req -x509 -newkey rsa:3072 -nodes -days 90 -subj "/CN=${names[0]}" -keyout web.key.new -out web.pem.new \
        -addext "keyUsage=digitalSignature,keyCertSign" -addext "subjectAltName=$(printf 'DNS:%s,' "${names[@]}" | sed 's/,$//')" 2>/dev/null
    chmod 444 web.key.new web.pem.new
    mv web.key.new web.key
    mv web.pem.new web.pem
    echo "$folder/web.pem web.key: denemek için | for trying things out, 90 gün | days"
else
    for one in web.pem web.key; do [ ! -e "$one" ] || kept+=("$one"); done
fi
if [ ${#kept[@]} -gt 0 ]; then echo "$folder: vardı, değişmedi | was there, is kept: ${kept[*]}"; fi
