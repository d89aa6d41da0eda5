#!/bin/bash
# One more hospital in docker/province.yml and docker/haproxy.cfg, made of what stands there of b: docker/add-hospital.sh c
# Changes nothing where it is there already. What else it takes: docs/howto/containers.md
set -euo pipefail
cd "$(dirname "$0")"
letter=${1:-}
if [[ ! $letter =~ ^[c-z]$ ]]; then echo "docker/add-hospital.sh HARF | LETTER: c d ... z" >&2; exit 2; fi
if grep -q "^  node-$letter:" province.yml; then echo "$letter: vardı, değişmedi | was there, is kept"; exit; fi
further=$(($(printf '%d' "'$letter") - 98))   # than b; so are the ports
made="s/-b\b/-$letter/g; s/_B\b/_${letter^^}/g; s/\bb\.localhost/$letter.localhost/; s/\`b\.\`/\`$letter.\`/
    s/:-4243/:-$((4243 + further))/; s/:-2576/:-$((2576 + further))/"
name="\${GECIT_SERVER_NAME_${letter^^}:-$letter.localhost}"

services=$(sed -n '/^  \(door\|node\|proxy\)-b:/,/^$/p' province.yml | sed "$made")
while IFS= read -r line; do
    case $line in
        "  balancer:") printf '%s\n\n%s\n' "$services" "$line" ;;
        "    GECIT_SERVER_NAME: "*) echo "$line $name" ;;
        "    depends_on: [door-a, door-b"*) echo "${line%]}, door-$letter]" ;;
        "  "[a-z]*s-b: | "  data-b:") printf '%s\n%s\n' "$line" "${line/-b:/-$letter:}" ;;
        *) printf '%s\n' "$line" ;;
    esac
done < province.yml > province.yml.new
sed "/^    server a /,/^\$/s/^\$/    server $letter door-$letter:8443\n/" haproxy.cfg > haproxy.cfg.new
for one in province.yml haproxy.cfg; do cat "$one.new" > "$one"; rm "$one.new"; done
echo "GECIT_SERVER_NAME_${letter^^}, DICOM $((4243 + further)), HL7 $((2576 + further)): docker/province.yml, docker/haproxy.cfg"
