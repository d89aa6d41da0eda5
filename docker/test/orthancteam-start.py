#!/usr/bin/python3
"""What the start of Orthanc Team's image is documented to do: /etc/orthanc and ORTHANC__... make one JSON file.

Variables within a file are put in, comments are left out, a variable's words become PascalCase, values are read as JSON
where they are JSON, and what nobody set of remote access and users is the image's own default.
"""

import json
import os
import pathlib
import re
import sys

PREFIX = "ORTHANC__"


def put_in(text: str) -> str:
    """Replace ${NAME:-default}."""
    return re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda found: os.environ.get(found[1]) or found[2] or "", text)


def merged(first: dict, second: dict) -> dict:
    """Lay the second over the first, section by section."""
    for key, value in second.items():
        first[key] = merged(first.get(key, {}), value) if isinstance(value, dict) else value
    return first


def of_variable(name: str, text: str) -> dict:
    """Return what a variable says, in its sections."""
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    for word in reversed(name.removeprefix(PREFIX).split("__")):
        value = {"".join(part.capitalize() for part in word.split("_")): value}
    return value


made: dict = {"RemoteAccessAllowed": True, "AuthenticationEnabled": True, "Plugins": ["/usr/share/orthanc/plugins/"]}
for file in pathlib.Path("/etc/orthanc").glob("*.json"):
    plain = re.sub(r"(^|\s)//.*$", "", put_in(file.read_text(encoding="utf-8")), flags=re.MULTILINE)
    merged(made, json.loads(plain))
for name, text in os.environ.items():
    if name.startswith(PREFIX):
        merged(made, of_variable(name, text))
pathlib.Path("/tmp/orthanc.json").write_text(json.dumps(made), encoding="utf-8")  # noqa: S108 -- as the image has it
os.execvp("Orthanc", ["Orthanc", *sys.argv[1:]])  # noqa: S606, S607
