#!/bin/bash
# Fetches the dose reports of real scanners that tests read into build/testdata/openrem/ (42 files, 1 MB).
# They belong to OpenREM 0.10.0 (GPL-3.0): fetched, never committed nor shipped. pip checks the hash; making the metadata
# runs the set-up script of exactly that archive.
set -euo pipefail
cd "$(dirname "$0")/.."

archive=OpenREM-0.10.0.tar.gz
hash=2fb6be2a42b0355e5d57cb5f4a7750806e202aa2e8f41b4f7bf26439dd862dbb
folder=build/testdata/openrem
stamp=$folder/.hash

if [ "$(cat $stamp 2>/dev/null)" = $hash ]; then
    echo "[testdata] tamam | there: $folder"
    exit
fi
echo "[testdata] indiriliyor | fetching: $archive"
mkdir -p build
work=$(mktemp -d -p build)
trap 'rm -rf "$work"' EXIT
echo "openrem==0.10.0 --hash=sha256:$hash" > "$work/wanted.txt"
.venv/bin/python -m pip download -q --disable-pip-version-check --no-input --no-deps --no-binary openrem \
    --require-hashes -r "$work/wanted.txt" -d "$work"
tar -xzf "$work/$archive" -C "$work" --strip-components=5 OpenREM-0.10.0/openrem/remapp/tests/test_files
rm -rf $folder
mkdir -p $folder
mv "$work"/*.dcm $folder/
echo $hash > $stamp
echo "[testdata] hazır | ready: $(find $folder -name '*.dcm' | wc -l) dosya | files, $folder"
