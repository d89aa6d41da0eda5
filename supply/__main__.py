"""`python -m supply [CHECK ...]`: every check, or those that are named; `--write-sbom` writes the bill of materials."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping

from . import audit, bom, leaked, licences, weak_code
from .common import Fault

CHECKS: Mapping[str, Callable[[], Iterator[Fault]]] = {
    "sbom": bom.faults,
    "licences": licences.faults,
    "audit": audit.faults,
    "secrets": leaked.faults,
    "bandit": weak_code.faults,
}


def main() -> int:
    """Run checks; exit code 1 where somebody must mend something."""
    reader = argparse.ArgumentParser(prog="python -m supply", description=__doc__)
    reader.add_argument("names", nargs="*", choices=[[], *CHECKS], metavar="CHECK", help=", ".join(CHECKS))
    reader.add_argument("--write-sbom", action="store_true", help="write the bill of materials")
    chosen = reader.parse_args()
    if chosen.write_sbom:
        bom.FILE.write_text(bom.write(), encoding="utf-8")
        return 0
    found = 0
    for name in chosen.names or CHECKS:
        began = time.monotonic()
        faults = list(CHECKS[name]())
        for one in faults:
            print(f"[supply] {one.check}: {one.where}: {one.what}")
        print(f"[supply] {name}: {'FAILED' if faults else 'ok'}, {time.monotonic() - began:.1f} s", flush=True)
        found += len(faults)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
