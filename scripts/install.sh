#!/bin/bash
# Lays Geçit into a Debian as a node at work, or takes it away again. Never asks; a second run changes nothing.
#   scripts/install.sh                  installs, or upgrades; `make install` sees to Debian's packages before
#   scripts/install.sh --without-venv   leaves the Python packages away (for who lays them himself)
#   scripts/install.sh --uninstall      takes away what was laid; data and configuration stay
# DESTDIR: a folder to lay it under, as any user, for an image or a package. PREFIX: /usr, unless said otherwise.
# What lies where, and why: docs/howto/install.md, docs/decisions/0063-debian-install.md.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022

root=${DESTDIR:-}
prefix=${PREFIX:-/usr}
python=/usr/bin/python3   # the one Orthanc embeds
lock=requirements.lock
home=$prefix/lib/gecit
etc=/etc/gecit
data=/var/lib/gecit
dropin=/usr/lib/systemd/system/orthanc.service.d/gecit.conf   # systemd looks into no other prefix
tmpfiles=/usr/lib/tmpfiles.d/gecit.conf
command=$prefix/bin/gecit
documents=$prefix/share/doc/gecit
fresh=$root$home.new

say() { printf '[install] %s\n' "$*"; }
fail() { printf '[install] %s\n' "$@" >&2; exit 1; }

venv=yes
what=install
for argument in "$@"; do
    case $argument in
        --without-venv) venv= ;;
        --uninstall) what=uninstall ;;
        *) fail "bilinmeyen seçenek | unknown option: $argument" ;;
    esac
done

check_place() {
    case $root in '' | /*) ;; *) fail "DESTDIR mutlak olmalı | must be absolute: $root" ;; esac
    case $prefix in /*) ;; *) fail "PREFIX mutlak olmalı | must be absolute: $prefix" ;; esac
    [ -z "$root" ] || return 0
    [ "$(id -u)" = 0 ] || fail "Root gerekli, ya da DESTDIR verin | needs root, or give DESTDIR"
}

check_packages() {
    [ -n "$root" ] || { [ -x /usr/sbin/Orthanc ] && id orthanc > /dev/null 2>&1; } ||
        fail "Orthanc kurulu değil: 'make install' kullanın | Orthanc is not installed: use 'make install'"
    [ -e build/assets/.stamp ] ||
        fail "Web dosyaları yok: scripts/assets.sh | the web files are not built: scripts/assets.sh"
}

# A running node holds this lock; its code is not changed under it.
check_stopped() {
    local file folder
    [ -z "$root" ] || return 0
    folder=$(sed -n 's/^GECIT_DATA=//p' $etc/environment 2>/dev/null | tail -n 1 || true)
    file=${folder:-$data}/run/lock
    [ ! -e "$file" ] || flock -n "$file" true ||
        fail "Düğüm çalışıyor, önce durdurun: systemctl stop orthanc" \
            "The node is running, stop it first: systemctl stop orthanc"
}

# Source text with the folder of this installation in it.
put() { # from, to, mode
    mkdir -p "$(dirname "$2")"
    sed -e "s#/opt/gecit/orthanc-config/nginx/dicom.conf#$etc/nginx-dicom.conf#; s#/usr/lib/gecit#$home#g; s#/opt/gecit/#$home/#g; s#/usr/share/doc/gecit#$documents#g" "$1" > "$2"
    chmod "$3" "$2"
}

lay_code() {
    rm -rf "$fresh"
    mkdir -p "$fresh"
    tar --create --exclude=__pycache__ --mode=u=rwX,go=rX plugins rules build/assets |
        tar --extract --no-same-owner --directory "$fresh"
    put orthanc-config/environment.installed "$fresh/environment" 644
    put orthanc-config/environment "$fresh/conffiles$etc/environment" 640
    for file in orthanc-config/*.json; do
        put "$file" "$fresh/conffiles$etc/$(basename "$file")" 640
    done
    put orthanc-config/nginx/gecit.conf "$fresh/conffiles/etc/nginx/sites-available/gecit.conf" 644
    put orthanc-config/nginx/dicom.conf "$fresh/conffiles$etc/nginx-dicom.conf" 640
    put orthanc-config/logrotate/gecit "$fresh/conffiles/etc/logrotate.d/gecit" 644
}

# What the venv is made of; the same again is taken over from the installation before.
fingerprint() { { printf '%s\n' "$home"; "$python" -V; cat $lock; } | sha256sum | cut -d' ' -f1; }

lay_venv() {
    local want pip
    want=$(fingerprint)
    if [ "$(cat "$root$home/.venv/.gecit-installed" 2>/dev/null)" = "$want" ]; then
        say "Python paketleri aynı | Python packages are the same"
        cp -a "$root$home/.venv" "$fresh/.venv"
        return
    fi
    say "Python paketleri kuruluyor | installing Python packages: $lock"
    pip=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$pip'" EXIT
    "$python" -m venv "$pip"
    "$python" -m venv --without-pip "$fresh/.venv"
    "$pip/bin/python" -m pip --disable-pip-version-check --python "$fresh/.venv/bin/python" install --no-input \
        --progress-bar off --quiet --no-deps --require-hashes --no-compile -r $lock
    rm -rf "$pip"
    find "$fresh/.venv/bin" -mindepth 1 ! -name 'python*' -delete   # they name the folder they were made in
    sed -i '/^command *=/d' "$fresh/.venv/pyvenv.cfg"
    printf '%s\n' "$home/plugins" > "$(echo "$fresh"/.venv/lib/python3*/site-packages)/gecit.pth"
    printf '%s\n' "$want" > "$fresh/.venv/.gecit-installed"
    compile "$fresh/.venv"
}

# The node cannot write here: without it every start would compile anew.
compile() { "$python" -m compileall -q -s "$fresh" -p "$home" "$1" > /dev/null || true; }

# A file of the configuration is the site's as soon as the site changed it. What we laid is kept in conffiles/.
# A new default lies beside it under the name that dpkg gives it: logrotate reads every other file of its folder.
lay_conffile() { # path below /
    local new=$fresh/conffiles$1 old=$root$home/conffiles$1 target=$root$1
    [ ! -e "$target.new" ] || mv "$target.new" "$target.dpkg-dist"   # its name before
    if cmp -s "$new" "$target"; then
        rm -f "$target.dpkg-dist"
    elif [ ! -e "$target" ] && [ -e "$old" ]; then
        say "silinmiş, öyle kalıyor | was removed, stays so: $1"
    elif [ ! -e "$target" ] || cmp -s "$old" "$target"; then
        mkdir -p "$(dirname "$target")"
        cp -p "$new" "$target"
    elif ! cmp -s "$old" "$new"; then
        cp -p "$new" "$target.dpkg-dist"
        say "değiştirilmiş, korunuyor; yenisi yanında | changed by the site and kept; the new default lies beside it: $1.dpkg-dist"
    fi
}

lay_configuration() {
    local file
    install -d -m 750 "$root$etc" "$root$etc/tls"
    while IFS= read -r file; do lay_conffile "${file#"$fresh/conffiles"}"; done \
        < <(find "$fresh/conffiles" -type f | sort)
}

swap() {
    rm -rf "$root$home.old"
    [ ! -e "$root$home" ] || mv "$root$home" "$root$home.old"
    mv "$fresh" "$root$home"
    rm -rf "$root$home.old"
}

lay_system() {
    put scripts/gecit-installed.sh "$root$command" 755
    put orthanc-config/systemd/gecit.conf "$root$dropin" 644
    put orthanc-config/tmpfiles/gecit.conf "$root$tmpfiles" 644
    rm -rf "$root$documents"
    mkdir -p "$root$documents"
    tar --create --mode=u=rwX,go=rX LICENSE README.md README.tr.md CHANGELOG.md SECURITY.md sbom.cdx.json docs |
        tar --extract --no-same-owner --directory "$root$documents"
    install -d -m 700 "$root$data"
    install -d -m 750 "$root/var/log/gecit"
}

# Of files in $etc only those that were laid: the site's own, a password's file among them, keep their owner.
give_to_service() {
    local file
    chown orthanc:orthanc $data /var/log/gecit
    chown root:orthanc $etc $etc/tls
    find "$home/conffiles$etc" -type f -printf "$etc/%P\n$etc/%P.dpkg-dist\n" |
        while IFS= read -r file; do [ ! -e "$file" ] || chgrp orthanc "$file"; done
}

reload() { if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi; }

say_next() {
    cat <<END
[install] hazır | ready. Sıradaki | next: docs/howto/install.md
[install]   sudo gecit users add AD ; sudo gecit institutions add ...
[install]   systemctl enable --now orthanc
[install]   nginx: $etc/tls/web.pem, web.key; SITE satırları | the lines marked SITE in /etc/nginx/sites-available/gecit.conf; then
[install]   ln -sf ../sites-available/gecit.conf /etc/nginx/sites-enabled/ && nginx -t && systemctl enable nginx && systemctl reload-or-restart nginx
END
}

uninstall() {
    rm -rf "$root$home" "$root$home.new" "$root$home.old" "$root$documents"
    rm -f "$root$command" "$root$dropin" "$root$tmpfiles"
    rmdir --ignore-fail-on-non-empty "$(dirname "$root$dropin")" 2>/dev/null || true
    [ -n "$root" ] || reload
    say "kaldırıldı; veri ve ayarlar duruyor | removed; data and configuration stay: $data $etc /etc/nginx/sites-available/gecit.conf /etc/logrotate.d/gecit"
    say "orthanc.service bundan sonra Debian'ın kendi ayarlarıyla başlar | starts with Debian's own configuration from now on"
}

check_place
check_stopped
if [ $what = uninstall ]; then
    uninstall
    exit
fi
check_packages
lay_code
if [ -n "$venv" ]; then
    lay_venv
    compile "$fresh/plugins"
fi
lay_configuration
swap
lay_system
if [ -z "$root" ]; then
    give_to_service
    reload
    say_next
else
    say "hazır | ready: $root$home"
fi
