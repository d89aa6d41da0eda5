#!/bin/bash
# Installs a node in a root of Debian 12 and one of 13, runs it as its unit would, tests it from outside, removes it.
#   scripts/debian-test.sh [bookworm] [trixie]
#   TESTS="fast=90 system=180" scripts/debian-test.sh trixie    then these test suites in that root (minutes of each)
# As root. The roots are made once, by debootstrap, under GECIT_ROOTS (build/debian; 1.5 GB each) and kept. Packages are
# fetched into them first; what is tested then has a network of its own with loopback alone.
set -euo pipefail
cd "$(dirname "$0")/.."

roots=$(realpath -m "${GECIT_ROOTS:-build/debian}")
mirror=${GECIT_DEBIAN_MIRROR:-}   # empty: debootstrap knows Debian's own
tools=(make iproute2 curl systemd python3-seccomp procps postgresql)   # of the test, beside what scripts/setup.sh --install installs
source=/usr/src/gecit
tests=/usr/src/gecit-tests
wheels=/var/cache/gecit-wheels

say() { printf '[debian-test] %s\n' "$*"; }
fail() { printf '[debian-test] %s\n' "$@" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "Root gerekli | needs root"
[ -e build/assets/.stamp ] || scripts/assets.sh
mkdir -p build/testdata
if ! command -v debootstrap > /dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends debootstrap
fi

# Mounts end with the command: they are in a namespace of its own, so that nothing that removes a root can reach through them.
# shellcheck disable=SC2016
enter='root=$1; shift
mount --bind "$root" "$root"; mount --rbind /dev "$root/dev"; mount -t proc proc "$root/proc"
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb "$@"'
inside() { unshare --mount --pid --fork --kill-child sh -ec "$enter" enter "$@"; }
inside_alone() { unshare --mount --pid --net --fork --kill-child sh -ec "$enter" enter "$@"; }

make_root() { # suite
    local root=$roots/$1
    if [ ! -e "$root/.gecit-root" ]; then
        say "$1: debootstrap"
        rm -rf "$root"
        mkdir -p "$roots"
        debootstrap --variant=minbase "$1" "$root" ${mirror:+"$mirror"} > "$roots/$1.log"
        printf '127.0.0.1 localhost gecit.example\n' > "$root/etc/hosts"
        echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/unsafe-io"   # a root that is lost is made again
        touch "$root/.gecit-root"
    fi
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"   # PostgreSQL of a root would start on this computer's port
    chmod 755 "$root/usr/sbin/policy-rc.d"
}

copy_source() { # suite, folder in its root
    mkdir -p "$roots/$1$2"
    { git ls-files -z --cached --others --exclude-standard; find build/assets build/testdata -type f -print0; } |
        tar --create --null --files-from=- | tar --extract --no-same-owner --directory "$roots/$1$2"
}

# What this computer trusts and where it asks is handed on to pip and npm in a root.
mapfile -t names < <(env | grep -E '^(PIP_[A-Z_]+|(npm_config|NPM_CONFIG)_[A-Za-z_]+|https?_proxy|no_proxy)=' || true)

# pip runs in the root, since its Python chooses.
fetch() { # suite
    local root=$roots/$1
    say "$1: Debian paketleri | Debian packages"
    inside "$root" DEBIAN_FRONTEND=noninteractive apt-get -qq update
    inside "$root" DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${tools[@]}" > "$roots/$1-apt.log"
    inside "$root" "${names[@]}" make -s -C $source install-packages > "$roots/$1-packages.log"
    say "$1: Python paketleri | Python packages"
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    inside "$root" "${names[@]}" sh -ec "[ -x $wheels/venv/bin/pip ] || /usr/bin/python3 -m venv $wheels/venv
        $wheels/venv/bin/pip download --disable-pip-version-check -q --progress-bar off --no-deps --require-hashes \
            -d $wheels/files -r $source/requirements.lock"
}

run_suites() { # suite
    mkdir -p "$roots/$1$tests"
    find "${roots:?}/$1$tests" -mindepth 1 -maxdepth 1 ! -name .venv -exec rm -rf {} +   # a test that is gone must not run
    copy_source "$1" $tests
    [ ! -d build/npm ] || cp -a build/npm "$roots/$1$tests/build/"   # what build/assets was made of
    say "$1: testlerin gerekleri | what the tests need"
    inside "$roots/$1" "${names[@]}" sh -ec "cd $tests && scripts/setup.sh --test && scripts/testdata.sh
        .venv/bin/python -c 'from bench import hl7_servers, installed; hl7_servers.fetch(); installed.environ_of_a_node()'" > "$roots/$1-tests.log"
    inside_alone "$roots/$1" sh -ec "ip link set lo up; cd $tests; exec scripts/suites.sh $TESTS"
}

suites=("$@")
[ ${#suites[@]} -gt 0 ] || suites=(bookworm trixie)
for suite in "${suites[@]}"; do
    make_root "$suite"
    rm -rf "${roots:?}/$suite$source"
    copy_source "$suite" $source
    fetch "$suite"
    say "$suite: kuruluyor ve sınanıyor | installing and testing"
    inside_alone "$roots/$suite" PIP_NO_INDEX=1 PIP_FIND_LINKS=$wheels/files $source/tests/debian/inside.sh
    [ -z "${TESTS:-}" ] || run_suites "$suite"
    say "$suite: tamam | well"
done
