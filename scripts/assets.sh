#!/bin/bash
# Fetches the pinned npm packages and builds what browsers are given into build/assets (see assets/README.md).
# A second run finds its stamp and does nothing. Called by scripts/setup.sh, which sees to npm.
set -euo pipefail
cd "$(dirname "$0")/.."

target=build/assets
work=build/npm

say() { printf '[assets] %s\n' "$*"; }
fail() { printf '[assets] %s\n' "$@" >&2; exit 1; }

# What the result is made of: every file of assets/ and this script.
fingerprint() { find assets scripts/assets.sh -type f -not -path '*/node_modules/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1; }

want=$(fingerprint)
if [ "$(cat $target/.stamp 2>/dev/null)" = "$want" ]; then
    say "web dosyaları tamam | web files are there"
    exit 0
fi

say "npm paketleri alınıyor | fetching npm packages"
mkdir -p $work
cp assets/package.json assets/package-lock.json assets/.npmrc $work/
(cd $work && npm ci --no-progress --loglevel=error) | sed 's/^/[assets]   /' ||
    fail "npm paketleri alınamadı; ağ bağlantısını ve npm ayarlarını denetleyin, sonra yeniden deneyin." \
        "npm packages could not be fetched; check network and npm's settings, then try again."

say "web dosyaları kuruluyor | building the web files"
rm -rf $target.new
node assets/build.mjs "$PWD/$work" "$PWD/$target.new"
printf '%s\n' "$want" > $target.new/.stamp
rm -rf $target.old
[ ! -e $target ] || mv $target $target.old # a running node may be reading it
mv $target.new $target
rm -rf $target.old
say "hazır | ready: $target ($(du -sh $target | cut -f1))"
