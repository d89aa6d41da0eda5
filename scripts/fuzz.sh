#!/bin/bash
# Hostile input: scripts/fuzz.sh [INPUTS] [TARGET ...]. Installs atheris, which nothing else needs, and goes on where
# the last run was; counts stand in build/fuzz and in docs/reliability-input.md.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! .venv/bin/python -c 'import atheris' 2>/dev/null; then
    .venv/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off -q \
        --no-deps --require-hashes -r requirements-fuzz.lock
fi
inputs=${1:-}
shift || true
options=()
if [ -n "$inputs" ]; then options+=(--inputs "$inputs"); fi
for target in "$@"; do options+=(--target "$target"); done
status=0
nice .venv/bin/python -m tests.fuzz "${options[@]}" || status=$?
if [ -z "${GECIT_FUZZ_FOLDER:-}" ]; then .venv/bin/python -m tests.fuzz page; fi
exit "$status"
