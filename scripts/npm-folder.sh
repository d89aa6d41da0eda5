#!/bin/bash
# scripts/npm-folder.sh FROM TARGET WHAT: fetches what FROM/package-lock.json pins by hash into TARGET (npm; never shipped).
# A second run finds its stamp and does nothing. WHAT, in Turkish | English, is said while it fetches.
set -euo pipefail
cd "$(dirname "$0")/.."

from=$1 target=$2 what=$3
want=$(cat "$from/package.json" "$from/package-lock.json" | sha256sum | cut -d' ' -f1)
[ "$(cat "$target/.stamp" 2>/dev/null)" != "$want" ] || exit 0
command -v npm > /dev/null || {
    echo "[setup] npm yok: scripts/setup.sh --test | npm is not there" >&2
    exit 1
}
echo "[setup] $what" >&2
rm -rf "$target"
mkdir -p "$target"
cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$target/"
(cd "$target" && npm ci --no-progress --loglevel=error) > /dev/null
printf '%s\n' "$want" > "$target/.stamp"
