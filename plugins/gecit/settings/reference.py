"""The reference of all settings, read off the values themselves."""

from __future__ import annotations

import json
import textwrap
import types
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from ..core.values import Text, Value
from .values import Settings


class Setting(Value):
    """One setting: where it stands, what it may hold, what it means."""

    path: tuple[str, ...]  # field names from `Settings`, e.g. ("medula", "timeout_seconds")
    type: Any  # the annotation without its Meta
    meta: Any  # msgspec.Meta
    default: object = msgspec.UNSET  # UNSET: worked out from other settings

    @property
    def annotation(self) -> Any:
        """The type with its limits, as msgspec checks it."""
        return Annotated[self.type, self.meta]

    @property
    def extra(self) -> dict[str, str]:
        """What the values say beside limits: default in words, check, Orthanc's key."""
        return self.meta.extra or {}

    @property
    def key(self) -> str:
        """The key in the configuration, dotted: `Gecit.Medula.Url`, or Orthanc's own."""
        return self.extra.get("orthanc") or ".".join(["Gecit", *map(pascal, self.path)])

    @property
    def variable(self) -> str:
        """The environment variable that overrides it; Orthanc's own keys have none."""
        if "orthanc" in self.extra:
            return ""
        return "__".join(["ORTHANC", "GECIT", *(part.upper() for part in self.path)])

    @property
    def default_text(self) -> str:
        """The default as documented: JSON, or words where it depends on other settings."""
        if "default" in self.extra:
            return self.extra["default"]
        return f"`{json.dumps('' if self.default is None else self.default, ensure_ascii=False)}`"

    @property
    def expected(self) -> Text:
        """What it may hold, for people."""
        return expected(self.type, self.meta)


def pascal(name: str) -> str:
    """Turn a field name into Orthanc's habit: `mllp_port` -> `MllpPort`."""
    return "".join(part.capitalize() for part in name.split("_"))


def expected(kind: Any, meta: msgspec.Meta | None) -> Text:
    """Say in words which values a type admits."""
    if get_origin(kind) is Literal:
        options = ", ".join(map(str, get_args(kind)))
        return Text(tr=f"şunlardan biri: {options}", en=f"one of: {options}")
    if get_origin(kind) is tuple:
        return _listed(get_args(kind)[0])
    if kind in (int, float):
        return _number(kind, meta)
    if get_origin(kind) in (Union, types.UnionType) or kind is Path:
        return Text(tr="dosya yolu (metin)", en="a path (text)")
    return _OTHER[kind]


_OTHER: dict[Any, Text] = {
    bool: Text(tr="true ya da false", en="true or false"),
    str: Text(tr="metin", en="text"),
}


def _listed(kind: Any) -> Text:
    if get_origin(kind) is Literal:
        options = ", ".join(map(str, get_args(kind)))
        return Text(tr=f"şunların listesi: {options}", en=f"a list of: {options}")
    if kind is str:
        return Text(tr="metin listesi", en="a list of texts")
    return Text(tr="11 haneli numaraların listesi", en="a list of 11-digit numbers")


def _number(kind: Any, meta: msgspec.Meta | None) -> Text:
    words = {int: ("tam sayı", "a whole number"), float: ("sayı", "a number")}[kind]
    if meta is None:
        return Text(tr=words[0], en=words[1])
    low = f">= {meta.ge}" if meta.ge is not None else f"> {meta.gt}"
    return Text(tr=f"{words[0]}, {low} ve <= {meta.le}", en=f"{words[1]}, {low} and <= {meta.le}")


def _settings_of(owner: type[Value], path: tuple[str, ...]) -> Iterator[Setting]:
    hints = get_type_hints(owner, include_extras=True)
    for field in msgspec.structs.fields(owner):
        kind, meta = _unwrap(hints[field.name])
        if isinstance(kind, type) and issubclass(kind, Value):
            yield from _settings_of(kind, (*path, field.name))
        else:
            default = msgspec.UNSET if field.default is msgspec.NODEFAULT else field.default
            yield Setting(path=(*path, field.name), type=kind, meta=meta, default=default)


def _unwrap(hint: Any) -> tuple[Any, msgspec.Meta]:
    if get_origin(hint) is not Annotated:
        raise TypeError(f"a setting without a description: {hint}")
    kind, meta = get_args(hint)[:2]
    return kind, meta


REFERENCE: tuple[Setting, ...] = tuple(_settings_of(Settings, ()))
"""Every setting, in the order of the values; what `docs/settings.md` is made of."""


def as_markdown() -> str:
    """Return `docs/settings.md`."""
    return _PAGE.format(
        gecit="\n".join(_row(setting) for setting in REFERENCE if "orthanc" not in setting.extra),
        orthanc="\n".join(_row(setting) for setting in REFERENCE if "orthanc" in setting.extra),
    )


def _row(setting: Setting) -> str:
    cells = (f"`{setting.key}`", setting.expected.en, setting.default_text, setting.meta.description)
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def as_commented_json() -> str:
    """Return `orthanc-config/gecit.json`: empty sections in which every setting stands as a comment."""
    ours = [setting for setting in REFERENCE if "orthanc" not in setting.extra]
    sections = [
        f'    "{pascal(name)}": {{\n' + "\n".join(_comment(setting, 6) for setting in group) + "\n    }"
        for name, group in groupby((s for s in ours if len(s.path) > 1), key=lambda setting: setting.path[0])
    ]
    plain = "\n\n".join(_comment(setting, 4) for setting in ours if len(setting.path) == 1)
    return f'{_HEAD}\n  "Gecit": {{\n{plain}\n\n' + ",\n\n".join(sections) + "\n  }\n}\n"


def _comment(setting: Setting, indent: int) -> str:
    key = f'"{pascal(setting.path[-1])}": '
    if setting.default is msgspec.UNSET:
        example = f'{key}"...",  (default: {setting.default_text.replace("`", "")})'
    else:
        example = key + json.dumps("" if setting.default is None else setting.default, ensure_ascii=False) + ","
    width = 116 - indent
    lines = [*textwrap.wrap(str(setting.meta.description), width, break_on_hyphens=False), example]
    return "\n".join(f"{' ' * indent}// {line}" for line in lines)


_PAGE = """# Settings

Generated from the code: `.venv/bin/python -m gecit.settings docs/settings.md`. A test fails when it is stale.

Orthanc's configuration is a folder of JSON files (comments allowed), by default `orthanc-config/`; `GECIT_CONFIG` names
another. Ours is the section `"Gecit"`. Settings are read once, at the start; every fault is listed, any fault stops it.

- Values may hold `${{VARIABLE:-default}}`, put in by Orthanc before it reads the JSON. A variable that is set but empty
  counts as set.
- Each setting of ours can be overridden by an environment variable: `Gecit.MllpPort` by `ORTHANC__GECIT__MLLP_PORT`,
  `Gecit.Medula.Url` by `ORTHANC__GECIT__MEDULA__URL`. A list is written with commas.
- `GECIT_DATA`, `GECIT_MLLP_PORT` and `GECIT_WEB_PORT` override `Data`, `MllpPort` and `WebPort`, and win over all else.
  `GECIT_NAME` reaches Orthanc's `Name` through the shipped `orthanc.json`; nodes of one ledger need different ones.
  `GECIT_HTTP_PORT` and `GECIT_DICOM_PORT` reach Orthanc through the shipped `orthanc.json`; where a configuration
  ignores them, the start is refused, so that nobody believes in a port on which nothing listens.
- Relative paths start in the installation folder (the one that holds `plugins/`; `GECIT_HOME` names another).
- Secrets stand in files of their own, never in the configuration.

## Section `Gecit`

| key | value | default | meaning |
|---|---|---|---|
{gecit}

## Orthanc's own keys that Geçit reads

| key | value | Orthanc's default | meaning |
|---|---|---|---|
{orthanc}
"""

_HEAD = """// Geçit's own settings. Every comment with a key shows its default: remove the slashes to change it.
// Reference: docs/settings.md. Generated: .venv/bin/python -m gecit.settings orthanc-config/gecit.json
{"""
