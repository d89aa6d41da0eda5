#!/bin/bash
# Fetches the OpenID provider that tests sign in with into build/oidc (npm, pinned by hash; never shipped).
# A second run finds its stamp and does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

target=build/oidc
want=$(cat tests/oidc/package.json tests/oidc/package-lock.json | sha256sum | cut -d' ' -f1)
[ "$(cat $target/.stamp 2>/dev/null)" != "$want" ] || exit 0
command -v npm > /dev/null || {
    echo "[setup] npm yok: scripts/setup.sh --test | npm is not there" >&2
    exit 1
}
echo "[setup] deneme kimlik sağlayıcısı alınıyor | fetching the test provider of identities"
rm -rf $target
mkdir -p $target
cp tests/oidc/package.json tests/oidc/package-lock.json tests/oidc/.npmrc $target/
(cd $target && npm ci --no-progress --loglevel=error) > /dev/null
printf '%s\n' "$want" > $target/.stamp
