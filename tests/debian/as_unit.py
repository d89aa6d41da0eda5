"""Runs `orthanc.service` of an installed node where no systemd runs: user, environment, read-only places, filters.

    python3 as_unit.py        as root, with python3-seccomp; stays Orthanc, so that signals reach it

What it does not imitate it says; `systemd-analyze` (tests/test_install.py) reads the same file.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import seccomp

UNITS = (
    Path("/usr/lib/systemd/system/orthanc.service"),
    Path("/usr/lib/systemd/system/orthanc.service.d/gecit.conf"),
)
CLONE_NEWNS, PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 0x00020000, 38, 24
LIBC = ctypes.CDLL(None, use_errno=True)


def read_units() -> dict[str, list[str]]:
    """Return the values of each key of the [Service] sections; an empty value forgets those before, as in systemd."""
    found: dict[str, list[str]] = {}
    for unit in UNITS:
        section = ""
        for line in unit.read_text().splitlines():
            if match := re.fullmatch(r"\[(\w+)\]", line):
                section = match[1]
            elif section == "Service" and (match := re.fullmatch(r"(\w+)=(.*)", line)):
                key, value = match.groups()
                found[key] = [*found.get(key, []), value] if value else []
    return found


def environment(unit: dict[str, list[str]], user: pwd.struct_passwd) -> dict[str, str]:
    """Return what systemd would give: a little of its own, then the files."""
    made = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "USER": user.pw_name, "HOME": user.pw_dir}
    for name in unit["EnvironmentFile"]:
        for line in Path(name.lstrip("-")).read_text().splitlines():
            if line and line[0] not in "#;":
                key, value = line.split("=", 1)
                made[key] = value
    return made


def mount(*arguments: str) -> None:
    subprocess.run(["/usr/bin/mount", *arguments], check=True)


def shut_places(unit: dict[str, list[str]], user: pwd.struct_passwd) -> None:
    """ProtectSystem=strict, PrivateTmp=, ProtectHome=, StateDirectory=, LogsDirectory=: in an own mount namespace."""
    assert unit["ProtectSystem"] == ["strict"]
    if LIBC.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    mount("--make-rprivate", "/")
    for base, key, mode in (("/var/lib", "StateDirectory", 0o700), ("/var/log", "LogsDirectory", 0o750)):
        folder = Path(base, unit[key][0])
        folder.mkdir(mode=mode, exist_ok=True)
        os.chown(folder, user.pw_uid, user.pw_gid)
        mount("--bind", str(folder), str(folder))
    for place in ("/tmp", "/var/tmp", "/root", "/home"):
        mount("-t", "tmpfs", "tmpfs", place)
    mount("-o", "remount,bind,ro", "/")


def become(user: pwd.struct_passwd) -> None:
    """User=, CapabilityBoundingSet= (none), NoNewPrivileges=, UMask=0077."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.initgroups(user.pw_name, user.pw_gid)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    if LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    os.umask(0o077)


def calls_of(names: set[str]) -> set[str]:
    """Return the system calls of systemd's groups (@...), and the names that are none."""
    found: set[str] = set()
    for name in names:
        if not name.startswith("@"):
            found.add(name)
            continue
        said = subprocess.run(
            ["/usr/bin/systemd-analyze", "syscall-filter", "--no-pager", name],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        inner = {line.strip() for line in said.stdout.splitlines()[1:] if line.strip() and "#" not in line}
        found |= calls_of(inner)
    return found


def allowed_calls(unit: dict[str, list[str]]) -> set[str]:
    """SystemCallFilter=: the first line names what is allowed, one with ~ takes away again."""
    allowed: set[str] = set()
    for line in unit["SystemCallFilter"]:
        names = calls_of(set(line.lstrip("~").split()))
        allowed = allowed - names if line.startswith("~") else allowed | names
    # systemd adds what it needs itself to start the program.
    return allowed | calls_of({"@default"})


def filters(unit: dict[str, list[str]]) -> seccomp.SyscallFilter:
    """SystemCallFilter= and RestrictAddressFamilies= with EPERM, as the kernel will apply them."""
    refused = seccomp.ERRNO(1)
    made = seccomp.SyscallFilter(refused)
    families = unit["RestrictAddressFamilies"][0].split()
    for name in sorted(allowed_calls(unit)):
        try:
            if name == "socket":
                for family in families:
                    number = getattr(socket, family).value
                    made.add_rule(seccomp.ALLOW, name, seccomp.Arg(0, seccomp.EQ, number))
            else:
                made.add_rule(seccomp.ALLOW, name)
        except (RuntimeError, ValueError, OSError):
            continue  # a call of another machine
    return made


def main() -> None:
    unit = read_units()
    user = pwd.getpwnam(unit["User"][0])
    environ = environment(unit, user)
    seen = filters(unit)
    shut_places(unit, user)
    become(user)
    os.chdir(unit["WorkingDirectory"][0])
    command = shlex.split(unit["ExecStart"][-1])
    seen.load()
    os.execve(command[0], command, environ)  # noqa: S606 - what the unit says


if __name__ == "__main__":
    sys.exit(main())
