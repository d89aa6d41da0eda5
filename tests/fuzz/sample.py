"""Some inputs of one target without atheris: `python -m tests.fuzz.sample NAME COUNT`; says how many were taken."""

from __future__ import annotations

import sys
from hashlib import sha256

from .mutate import inputs
from .places import KEPT, findings
from .target import Watch, listen
from .targets import load


def main(name: str, count: int) -> int:
    listen()
    target = load(name)
    watch = Watch(target)
    kept = [one.read_bytes() for one in sorted((KEPT / name).glob("*"))]
    taken = 0
    for data in inputs(target, [*kept, *target.seeds()], count):
        try:
            watch(data)
        except Exception:
            path = findings(name) / sha256(data).hexdigest()[:16]
            path.write_bytes(data)
            sys.stdout.write(f"broken by {path}: {data[:300]!r}\n")
            raise
        taken += 1
    sys.stdout.write(f"{taken} inputs\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
