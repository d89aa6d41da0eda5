#!/bin/bash
# Sets up all that Geçit needs on a Debian 12 or 13, and nothing that is there already. Never asks.
#   scripts/setup.sh            what a node needs
#   scripts/setup.sh --test     and what its tests need
#   scripts/setup.sh --install  Debian's packages and the web files for scripts/install.sh; no .venv here
# As root, or with sudo where a package is missing. A second run takes under a second.
set -euo pipefail
cd "$(dirname "$0")/.."

run_packages=(orthanc orthanc-python orthanc-dicomweb dcmtk fonts-dejavu-core python3-venv ca-certificates invesalius-examples)
test_packages=(postgresql systemd logrotate dicom3tools chromium chromium-driver poppler-utils git openssl nginx libnginx-mod-http-brotli-static libnginx-mod-stream prometheus
    haproxy pgbouncer orthanc-postgresql docker-compose)
node_packages=(orthanc orthanc-python orthanc-dicomweb dcmtk fonts-dejavu-core python3-venv ca-certificates logrotate openssl nginx libnginx-mod-http-brotli-static)
python=/usr/bin/python3   # the one Orthanc embeds; a venv of another Python cannot be loaded into Orthanc
venv=.venv

say() { printf '[setup] %s\n' "$*"; }
fail() { printf '[setup] %s\n' "$@" >&2; exit 1; }

packages=("${run_packages[@]}")
lock=requirements.lock
stamps=(run)
installing=
for argument in "$@"; do
    case $argument in
        --test) packages+=("${test_packages[@]}"); lock=requirements-dev.lock; stamps=(test run) ;;
        --install) packages=("${node_packages[@]}"); installing=yes ;;
        *) fail "bilinmeyen seçenek | unknown option: $argument" ;;
    esac
done

missing_packages() {
    local package state
    for package in "${packages[@]}"; do
        state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || printf '%s\n' "$package"
    done
    # another npm than Debian's will do as well; web files that came built need none
    command -v npm >/dev/null || { [ -n "$installing" ] && [ -e build/assets/.stamp ]; } || printf 'npm\n'
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
        apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" 9>&-
}

# Debian starts a service as soon as it is installed; ours would find its ports taken.
policy=/usr/sbin/policy-rc.d
policy_is_ours=
allow_services() { if [ -n "$policy_is_ours" ]; then as_root rm -f "$policy"; policy_is_ours=; fi; }
trap allow_services EXIT

forbid_services() {
    if [ ! -e "$policy" ]; then
        policy_is_ours=yes
        printf '#!/bin/sh\n# Geçit set-up, removed when it ends\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
}

# Only of what we have just installed: nor shall they start with the next boot.
keep_off() {
    local package
    command -v systemctl >/dev/null || return 0
    for package in "$@"; do
        case $package in
            orthanc | postgresql | nginx | prometheus | haproxy | pgbouncer) as_root systemctl disable --quiet "$package" 2>/dev/null || true ;;
        esac
    done
}

install_packages() {
    local missing
    mapfile -t missing < <(missing_packages)
    if [ ${#missing[@]} = 0 ]; then
        say "Debian paketleri tamam | Debian packages are there"
        return
    fi
    command -v apt-get >/dev/null || fail "Debian gerekli, şunlar eksik | needs Debian, missing: ${missing[*]}"
    if ! as_root true 2>/dev/null; then
        fail "Paket kurmak için root ya da parolasız sudo gerekli; bir yönetici şunu çalıştırmalı:" \
            "Installing packages needs root or sudo without a password; an administrator must run:" \
            "  apt-get install --no-install-recommends ${missing[*]}"
    fi
    say "kuruluyor | installing: ${missing[*]}"
    apt update
    forbid_services
    apt install -y --no-install-recommends "${missing[@]}"
    allow_services
    keep_off "${missing[@]}"
}

# What the venv is made of: folder, Python, locked packages. Anything else asks for no new run.
fingerprint() { { pwd -P; "$python" -V; cat "$1"; } | sha256sum | cut -d' ' -f1; }

make_venv() {
    local home
    home="$(pwd -P) $("$python" -V)"
    if [ ! -e $venv/.gecit-home ] && $venv/bin/python -m pip --version >/dev/null 2>&1; then
        printf '%s\n' "$(pwd -P) $($venv/bin/python -V)" > $venv/.gecit-home   # made by hand: keep it if it fits
    fi
    if [ "$(cat $venv/.gecit-home 2>/dev/null)" != "$home" ]; then
        say "Python ortamı kuruluyor | making the virtual environment: $venv"
        "$python" -m venv --clear $venv
        printf '%s\n' "$home" > $venv/.gecit-home
    fi
}

write_entry() { # name, content: only where it differs, since others may be reading it
    if [ "$(cat "$1" 2>/dev/null)" != "$2" ]; then
        printf '%s\n' "$2" > "$1.new"
        if [ "${3-}" ]; then chmod "$3" "$1.new"; fi
        mv "$1.new" "$1"
    fi
}

link_package() {
    local site
    site=$(echo $venv/lib/python3*/site-packages)
    if compgen -G "$site/__editable__*gecit*" >/dev/null || compgen -G "$site/gecit-*.dist-info" >/dev/null; then
        $venv/bin/python -m pip uninstall -q -y gecit
    fi
    write_entry "$site/gecit.pth" "$(pwd -P)/plugins"
    write_entry $venv/bin/gecit "#!$(pwd -P)/$venv/bin/python
import sys

from gecit.cli import main

sys.exit(main())" 755
}

install_python() {
    local want stamp
    want=$(fingerprint $lock)
    make_venv
    if [ "$(cat "$venv/.gecit-${stamps[0]}" 2>/dev/null)" = "$want" ]; then
        say "Python paketleri tamam | Python packages are there"
    else
        say "Python paketleri kuruluyor | installing Python packages: $lock"
        $venv/bin/python -m pip install --disable-pip-version-check --no-input --progress-bar off \
            --no-deps --require-hashes -r $lock | sed '/^Requirement already satisfied/d; s/^/[setup]   /'
        for stamp in "${stamps[@]}"; do
            fingerprint "$([ "$stamp" = test ] && echo requirements-dev.lock || echo requirements.lock)" > "$venv/.gecit-$stamp"
        done
    fi
    link_package
}

mkdir -p build
exec 9> build/.setup.lock
flock 9   # two set-ups at once would trip over each other
install_packages
[ -n "$installing" ] || install_python
scripts/assets.sh
[ "$lock" = requirements.lock ] || scripts/test-provider.sh
say "hazır | ready"
