#!/bin/sh
# nginx before one node, whose network it shares: orthanc-config/nginx/gecit.conf with the places of a container.
#   GECIT_SERVER_NAME     name in the address, localhost where it is not set
#   GECIT_HTTPS_PORT      8443; GECIT_PLAIN_PORT 8080, where everything is sent on to https
#   GECIT_BALANCERS       networks whose balancer says by the PROXY protocol who asked; empty: nobody does
#   GECIT_HTTP_PORT, GECIT_WEB_PORT   of the node: 8042, 8043
set -eu
https=${GECIT_HTTPS_PORT:-8443} plain=${GECIT_PLAIN_PORT:-8080} name=${GECIT_SERVER_NAME:-localhost}

if [ "${1:-}" = check ]; then   # HEALTHCHECK: it listens; the node has a check of its own
    exec grep -qi ":$(printf '%04X' "$https") 0*:0000 0A" /proc/net/tcp
fi

if [ "${1:-}" = hold ]; then   # the container whose network node and proxy share
    exec sleep infinity
fi

proxied='' believe=''
if [ -n "${GECIT_BALANCERS:-}" ]; then
    proxied=' proxy_protocol'
    for network in $GECIT_BALANCERS; do believe="$believe set_real_ip_from $network;"; done
    believe="$believe real_ip_header proxy_protocol; if (\$misled) { return 421; }"
fi

# Each line of it that a container changes must be there: a file that is another than this knows is served by nobody.
change() {
    grep -qF "$1" /tmp/gecit.conf || { echo "orthanc-config/nginx/gecit.conf: $1 ?" >&2; exit 2; }
    sed -i "s|$1|$2|" /tmp/gecit.conf
}
umask 077
cat /etc/gecit/gecit.conf > /tmp/gecit.conf
change '127.0.0.1:8043;' "127.0.0.1:${GECIT_WEB_PORT:-8043};"
change '127.0.0.1:8042;' "127.0.0.1:${GECIT_HTTP_PORT:-8042};"
change 'listen 80;' "listen $plain;"
change 'listen 443 ssl http2;' "listen $https ssl http2$proxied;$believe"
change 'server_name gecit.example;' "server_name $name;"
change '/etc/gecit/tls/web.pem' /run/secrets/web.pem
change '/etc/gecit/tls/web.key' /run/secrets/web.key
change '/var/log/nginx/gecit.log' /dev/stdout
change '/var/log/nginx/gecit-error.log' /dev/stderr
exec nginx -c /etc/gecit/nginx.conf -e /dev/stderr
