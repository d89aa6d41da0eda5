"""The pretend MEDULA in a process of its own: `python -m bench.soap_sandbox USER PASSWORD`, until standard input ends.

Writes its address on the first line; at the end, how many rows stand, and how many were ever registered.
"""

from __future__ import annotations

import json
import sys

from gecit.sandbox.medula import PretendMedula, medula_app
from gecit.sandbox.medula_rows import FIRST_NUMBER
from gecit.sandbox.medula_soap import Account
from gecit.sandbox.server import running


def main() -> None:
    """Serve, then say what stands."""
    medula = PretendMedula()
    with running({"/medula": medula_app(medula, account=Account(user=sys.argv[1], password=sys.argv[2]))}) as url:
        print(f"{url}/medula/soap", flush=True)
        sys.stdin.read()
    numbers = [one.number for one in medula.rows.standing()]
    print(json.dumps({"standing": len(numbers), "ever": max(numbers, default=FIRST_NUMBER - 1) - FIRST_NUMBER + 1}))


if __name__ == "__main__":
    main()
