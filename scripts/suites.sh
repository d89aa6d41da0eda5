#!/bin/bash
# Runs test suites one after the other, each within its minutes: scripts/suites.sh fast=5 system=8 browser=2
# Goes on after a suite that failed, so that one run shows everything; fails if any did.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=()
for suite in "$@"; do
    name=${suite%%=*} minutes=${suite##*=}
    case $name in
        fast) selection="not system and not browser" ;;
        system | browser) selection=$name ;;
        *) echo "unknown suite: $name" >&2; exit 2 ;;
    esac
    echo "== $name: en çok $minutes dakika | at most $minutes minutes"
    started=$SECONDS status=0
    # pytest itself is told to stop first (as by Ctrl-C), so that fixtures stop what they started.
    timeout --signal=INT --kill-after=60 "${minutes}m" .venv/bin/python -m pytest -q -m "$selection" || status=$?
    took=$((SECONDS - started))
    case $status in
        0) echo "== $name: tamam | passed, $took s" ;;
        5) echo "== $name: test yok | no tests"; failed+=("$name") ;;
        124) echo "== $name: süre doldu | over its $minutes minutes"; failed+=("$name") ;;
        *) echo "== $name: HATA | FAILED ($status), $took s"; failed+=("$name") ;;
    esac
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "== başarısız | failed: ${failed[*]}"
    exit 1
fi
