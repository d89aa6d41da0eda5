#!/bin/bash
# Builds the images of docker/ and runs a province, a hospital and the demo of them, on a Debian 12 without a Docker
# engine: podman in a folder of its own, on a base image by debootstrap. `make docker-test`; as root (or where sudo asks
# nothing).
#   GECIT_CONTAINERS   folder for base, images and volumes, 3 GB; build/containers. KEEP=1 keeps it for the next run
# Ends what it has started, by its own ids, and removes what it has made. Ports of loopback from GECIT_TEST_PORT (18443) on.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '[docker-test] %s\n' "$*"; }
fail() { printf '[docker-test] %s\n' "$@" >&2; exit 1; }

if [ "$(id -u)" != 0 ]; then exec sudo -n --preserve-env=GECIT_CONTAINERS,GECIT_TEST_PORT,KEEP "$0" "$@"; fi

packages=(podman buildah runc netavark aardvark-dns iptables docker-compose debootstrap)
missing=()
for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    say "kuruluyor | installing: ${missing[*]}"
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}" >/dev/null
fi

root=$(realpath -m "${GECIT_CONTAINERS:-build/containers}")
mkdir -p "$root"
exec 9> "$root.lock"
flock -n 9 || fail "başka bir deneme sürüyor | another one is running: $root"
project=
files=()
service=

# A folder of its own: no image, network or volume of this machine is seen or touched.
made=(conf graph run net tmp base probe)
mkdir -p "$root"/{conf,graph,run,net,tmp,probe/{lower,upper,work,merged}}
driver=vfs   # copies each layer whole
if mount -t overlay overlay -o "lowerdir=$root/probe/lower,upperdir=$root/probe/upper,workdir=$root/probe/work" "$root/probe/merged" 2>/dev/null; then
    umount "$root/probe/merged"
    driver=overlay
fi
printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' "$driver" "$root/graph" "$root/run" > "$root/conf/storage.conf"
cat > "$root/conf/containers.conf" <<EOF
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=9000:9000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "$root/tmp"
[network]
network_backend = "netavark"
network_config_dir = "$root/net"
EOF
: > "$root/conf/registries.conf"
export CONTAINERS_STORAGE_CONF=$root/conf/storage.conf CONTAINERS_CONF=$root/conf/containers.conf
export CONTAINERS_REGISTRIES_CONF=$root/conf/registries.conf TMPDIR=$root/tmp
export DOCKER_HOST=unix://$root/podman.sock DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0

compose() { docker-compose -p "$project" "${files[@]/#/--file=}" "$@"; }

mine() { podman "$@" --quiet --filter "label=com.docker.compose.project=$project"; }

begin() { # what is said, compose files; one project at a time
    say "$1"
    project=gecit-test-$$
    files=("${@:2}")
    files=("${files[@]/#/docker/}")
    files=("${files[@]/%/.yml}")
    compose up -d --no-build > "$root/up.log" 2>&1 || fail "$(tail -n 20 "$root/up.log")"
}

look() { # module of tests/containers, words before the project's name
    .venv/bin/python -m "tests.containers.$1" "${@:2}" "$project" "${files[@]}"
}

end() {
    compose down --volumes --timeout 20 >/dev/null 2>&1 || true
    # What is started again and again slips through; a door can go only after those that share its network.
    for _ in 1 2; do
        mine ps --all | xargs -r podman rm --force --time 2 >/dev/null 2>&1 || true
    done
    mine volume ls | xargs -r podman volume rm >/dev/null 2>&1 || true
    mine network ls | xargs -r podman network rm >/dev/null 2>&1 || true
    project=
}

clean() {
    status=$?
    trap - EXIT INT TERM
    if [ -n "$service" ]; then
        say "toplanıyor | cleaning up"
        if [ -n "$project" ]; then
            if [ $status != 0 ]; then compose logs --no-color --tail 40 > build/docker-test.log 2>&1 || true; fi
            end
        fi
        kill "$service" 2>/dev/null || true
        wait "$service" 2>/dev/null || true
    fi
    rm -rf "$root/secrets"
    if [ -z "${KEEP:-}" ]; then
        podman rmi --all --force >/dev/null 2>&1 || true
        awk -v under="$root/" 'index($2, under) == 1 {print $2}' /proc/mounts | sort -r | xargs -r umount 2>/dev/null || true
        for one in "${made[@]}"; do rm -rf --one-file-system "${root:?}/$one"; done
        rm -f "$root"/{build.log,debootstrap.log,service.log,up.log,podman.sock}
        rmdir "$root" 2>/dev/null || true
    fi
    rm -f "$root.lock"
    exit $status
}
trap clean EXIT
trap 'exit 130' INT TERM

base=docker.io/library/debian:12-slim
if ! podman image exists "$base"; then
    say "taban görüntü | base image: debootstrap"
    debootstrap --variant=minbase bookworm "$root/base" > "$root/debootstrap.log" 2>&1 || fail "$(tail -n 5 "$root/debootstrap.log")"
    rm -rf "$root/base/var/cache/apt/archives"/*.deb "$root/base/var/lib/apt/lists"/*
    # debootstrap names the release alone; its updates and security fixes lie beside it
    sed -i -e 'p;s/ bookworm / bookworm-updates /p' -e 's| *bookworm-updates | bookworm-security |;s|/debian/* |/debian-security |' \
        "$root/base/etc/apt/sources.list"
    # The authorities that this machine believes beside Debian's stand before the package indexes in some places.
    mkdir -p "$root/base/usr/local/share/ca-certificates"
    find /usr/local/share/ca-certificates -name '*.crt' -exec cp -t "$root/base/usr/local/share/ca-certificates" {} +
    tar -C "$root/base" -c . | podman import - "$base" >/dev/null
    rm -rf "$root/base"
fi

build() { # name, Dockerfile, target if it is named otherwise, further options
    say "$1"
    podman build -q --isolation=chroot --network=host --format docker --target "${3:-$1}" -f "docker/$2" -t "gecit/$1" "${@:4}" \
        --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" . > "$root/build.log" 2>&1 ||
        fail "$1" "$(tail -n 20 "$root/build.log")"
}
for one in node proxy demo; do build $one Dockerfile; done
for one in database balancer metrics; do build $one Dockerfile.around; done
build alike test/Dockerfile.orthancteam-alike
build orthancteam Dockerfile.orthancteam node --build-arg BASE=gecit/alike

say "görüntüler | images"
scripts/docker-look.sh

podman system service --time=0 "$DOCKER_HOST" > "$root/service.log" 2>&1 &
service=$!
for _ in $(seq 50); do [ ! -S "$root/podman.sock" ] || break; sleep 0.1; done

first=${GECIT_TEST_PORT:-18443}
export GECIT_SECRETS=$root/secrets GECIT_HTTPS_PORT=$first GECIT_PROMETHEUS_PORT=$((first + 1)) GECIT_DATABASE_PORT=$((first + 2))
export GECIT_DICOM_PORT_A=$((first + 3)) GECIT_MLLP_PORT_A=$((first + 4)) GECIT_DICOM_PORT_B=$((first + 5)) GECIT_MLLP_PORT_B=$((first + 6))
export GECIT_DICOM_PORT=$((first + 7)) GECIT_MLLP_PORT=$((first + 8))
docker/prepare.sh localhost >/dev/null
begin "il başlıyor | the province starts" province test
look province
end
begin "tek hastane başlıyor | one hospital starts" hospital
look alone hospital
end
begin "tek hastane, Orthanc Team düzeninde | one hospital on Orthanc Team's layout" hospital test/orthancteam
look alone hospital
end
begin "demo başlıyor | the demo starts" demo
look alone demo
end
say "tamam | passed"
