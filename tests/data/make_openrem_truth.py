"""Makes openrem-truth.csv from what dicom3tools' `dcsrdump` prints of each file: a second route, no pydicom in it.

python tests/data/make_openrem_truth.py build/testdata/openrem > tests/data/openrem-truth.csv
"""

import csv
import re
import subprocess
import sys
from pathlib import Path

CODES = ("113813", "113830", "113838", "111637", "111631", "113722", "113725")
BREAST = {"Left breast": "L", "Right breast": "R", "Both breasts": "B"}
NUM = re.compile(r'NUM: \((\d+),DCM,"[^"]*"\)\s+= (\S+) \(([^,]*),')
SIDE = re.compile(r'\((?:G-C171|272741003),[^)]*\)\s+= \([^"]*"([^"]+)"\)')
EVENT = re.compile(r'UIDREF: \(113769,DCM,[^)]*\)\s+= "([^"]*)"')
SERIAL = re.compile(r'\((113880|121016),DCM,"[^"]*"\)\s+= "([^"]*)"')


def dump(file: Path) -> list[str]:
    """Return dcsrdump's lines: one content item each."""
    done = subprocess.run(["dcsrdump", str(file)], capture_output=True, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()


def row(file: Path) -> dict[str, str]:
    """Return one line of the table."""
    lines = dump(file)
    root = next((line for line in lines if line.startswith(": CONTAINER:")), "")
    if '(113701,DCM,"' not in root:
        return {"file": file.name, "dose_report": "no", "events": "", "values": "", "serial": ""}
    values = []
    for number, line in enumerate(lines):
        found = NUM.search(line)
        if found and found.group(1) in CODES:
            depth = line.count(">", 0, line.index("C"))
            values.append(f"{found[1]}{side(lines[number + 1 :], depth)}={float(found[2]):g} {found[3]}")
    serials = dict(match.groups() for line in lines if (match := SERIAL.search(line)))
    return {
        "file": file.name,
        "dose_report": "yes",
        "events": str(len({match[1] for line in lines if (match := EVENT.search(line))})),
        "values": "; ".join(sorted(values)),
        "serial": serials.get("113880", serials.get("121016", "")),
    }


def side(following: list[str], depth: int) -> str:
    """Return the breast that the items below a value name."""
    for line in following:
        if len(line.strip()) - len(line.strip().lstrip(">")) <= depth:
            return ""
        if found := SIDE.search(line):
            return BREAST.get(found[1], "")
    return ""


def main() -> None:
    """Print the table."""
    writer = csv.DictWriter(sys.stdout, ["file", "dose_report", "events", "values", "serial"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(row(file) for file in sorted(Path(sys.argv[1]).glob("*.dcm")))


if __name__ == "__main__":
    main()
