#!/bin/bash
# Makes requirements.lock, requirements-dev.lock and requirements-fuzz.lock anew from pyproject.toml: exact versions
# with hashes, for every platform and Python from 3.11 on. Versions that still fit are kept; `scripts/lock.sh --upgrade`
# takes the newest.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p build
work=$(mktemp -d -p build)
trap 'rm -rf "$work"' EXIT
/usr/bin/python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q --disable-pip-version-check --no-input uv

compile() {
    UV_CACHE_DIR="$work/cache" "$work/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-header --no-annotate "$@" pyproject.toml > /dev/null
}
compile "${@}" -o requirements.lock
compile "${@}" --extra dev -c requirements.lock -o requirements-dev.lock
# atheris needs nothing else; the lock names it alone, beside what the others hold.
compile "${@}" --extra fuzz -c requirements-dev.lock -o "$work/all.lock"
sed -n '/^atheris==/,/[^\\]$/p' "$work/all.lock" > requirements-fuzz.lock
echo "[lock] hazır | ready: requirements.lock requirements-dev.lock requirements-fuzz.lock; sbom.cdx.json: make sbom"
