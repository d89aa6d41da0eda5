#!/bin/bash
# Looks into the images that were built: size, user, health check, labels, no compiler, nothing that may be written.
set -euo pipefail
fail() { printf '[docker-test] %s\n' "$@" >&2; exit 1; }
for image in node proxy database balancer metrics demo orthancteam; do
    size=$(($(podman image inspect -f '{{.Size}}' "gecit/$image") / 1000000))
    user=$(podman image inspect -f '{{.Config.User}}' "gecit/$image")
    title=$(podman image inspect -f '{{index .Labels "org.opencontainers.image.title"}}' "gecit/$image")
    health=$(podman image inspect -f '{{.HealthCheck.Test}}' "gecit/$image")
    printf '[docker-test] %-11s %4d MB, user %s, %s\n' "$image" "$size" "$user" "$title"
    case $user in "" | 0 | root | 0:*) fail "gecit/$image: root" ;; esac
    [ -n "$title" ] || fail "gecit/$image: no label"
    for label in version revision licenses base.name; do
        value=$(podman image inspect -f "{{index .Labels \"org.opencontainers.image.$label\"}}" "gecit/$image")
        case $value in "" | 0 | unknown) fail "gecit/$image: $label: $value" ;; esac
    done
    case $health in *CMD*) ;; *) fail "gecit/$image: no health check" ;; esac
done
podman run --rm --network none --read-only --entrypoint sh gecit/node -c '
    for tool in gcc cc c++ make pip pip3; do
        if command -v "$tool"; then exit 1; fi
    done
    if /opt/gecit/.venv/bin/python -m pip --version 2>/dev/null; then exit 1; fi
    test -z "$(find /opt /etc /usr -xdev -user 8042 -print -quit)"
' || fail "gecit/node: a compiler, pip, or files of its own user"
