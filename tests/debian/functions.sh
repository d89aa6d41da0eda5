# What inside.sh and nodes.sh do alike. shellcheck shell=bash
source=/usr/src/gecit
journal=/var/tmp/gecit-journal.log
data=/var/lib/gecit
pids=()

say() { printf '[inside] %s\n' "$*"; }
fail() { printf '[inside] HATA | FAILED: %s\n' "$*" >&2; tail -n 40 $journal >&2; exit 1; }

clean() {
    make -s -C $source uninstall > /dev/null 2>&1 || true
    rm -rf $data /var/log/gecit /etc/gecit /etc/nginx/sites-enabled/gecit.conf /etc/nginx/sites-available/gecit.conf \
        /etc/logrotate.d/gecit $journal /var/tmp/selftest*
}

# What is named after the port comes before each command, for a node that has another /etc/gecit.
launch() { # HTTP port, ...
    "${@:2}" /usr/bin/python3 $source/tests/debian/as_unit.py >> $journal 2>&1 &
    pids+=($!)
}

await() { # HTTP port, ...
    for _ in $(seq 240); do
        kill -0 "${pids[@]}" 2> /dev/null || fail "Orthanc ended"
        if curl -sf "http://127.0.0.1:$1/gecit/api/live" > /dev/null && "${@:2}" gecit health > /dev/null 2>&1; then return; fi
        sleep 0.5
    done
    fail "the node at port $1 does not answer"
}

start() { launch "$@"; await "$@"; }

stop() {
    kill -TERM "${pids[@]}"
    for pid in "${pids[@]}"; do wait "$pid" || fail "Orthanc ended with $?"; done
    pids=()
    if pgrep -u orthanc > /dev/null; then fail "processes are left: $(pgrep -u orthanc -a)"; fi
}
