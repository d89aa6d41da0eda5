"""Builds `Settings` out of Orthanc's configuration and the environment; collects every fault before it concludes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ..core.values import Value
from . import checks
from .checks import Place
from .faults import Fault, SettingsError
from .files import Configuration, read_configuration
from .reference import REFERENCE, Setting
from .values import Settings

SECTION = "Gecit"
_PREFIX = "ORTHANC__GECIT__"
# Short names for what two nodes on one computer must tell apart; they win over ORTHANC__GECIT__...
_SHORT = {
    "GECIT_DATA": ("data",),
    "GECIT_MLLP_PORT": ("mllp_port",),
    "GECIT_WEB_PORT": ("web_port",),
    "GECIT_DEVELOPMENT_OPEN": ("development_open",),
}


class Given(Value):
    """A value that somebody wrote, and where."""

    value: Any
    file: str
    key: str


def load(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read a configuration folder, or one effective JSON file; `GECIT_CONFIG`, else the shipped folder, by default.

    Raises `SettingsError` with all faults.
    """
    environ = os.environ if environ is None else environ
    path = config or Path(environ.get("GECIT_CONFIG") or home(environ) / "orthanc-config")
    configuration, origins, faults = read_configuration(path, environ)
    return _settings(configuration, environ, origins, faults)


def from_orthanc(configuration: Configuration, environ: Mapping[str, str] | None = None) -> Settings:
    """Build settings from what `orthanc.GetConfiguration()` gives, parsed. Raises `SettingsError` with all faults."""
    return _settings(configuration, os.environ if environ is None else environ, {}, [])


def effective(settings: Settings) -> Configuration:
    """Return the configuration that `load` and `from_orthanc` turn into these settings again, for child processes."""
    found: Configuration = {SECTION: {}, "AuthenticationEnabled": False}
    for setting in REFERENCE:
        value: Any = settings
        for name in setting.path:
            value = getattr(value, name)
        place = found
        *sections, last = setting.key.split(".")
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = _plain(value)
    return found


def home(environ: Mapping[str, str]) -> Path:
    """Return the installation folder: `GECIT_HOME`, else the one that holds `plugins/`."""
    return Path(environ.get("GECIT_HOME") or Path(__file__).parents[3]).absolute()


def _settings(
    configuration: Configuration, environ: Mapping[str, str], origins: Mapping[str, str], faults: list[Fault]
) -> Settings:
    given = _from_file(configuration, origins, faults)
    given.update(_from_environment(environ, faults))
    base = home(environ)
    values = {setting.path: _value(setting, given, base, faults) for setting in REFERENCE}
    faults += checks.orthanc_keys(configuration, environ, origins)
    values = _worked_out(values, base)
    if not faults:  # with a default in the place of a wrong value these would find what nobody wrote
        faults += checks.together(values, given)
    faults += checks.each(values, given)
    if faults:
        raise SettingsError(faults)
    settings: Settings = _build(Settings, (), values)
    return settings


def _from_file(configuration: Configuration, origins: Mapping[str, str], faults: list[Fault]) -> dict[Place, Given]:
    found: dict[Place, Given] = {}
    _walk(configuration.get(SECTION, {}), (), origins.get(SECTION, ""), found, faults)
    for setting in REFERENCE:
        key = setting.extra.get("orthanc")
        if key in configuration:
            found[setting.path] = Given(value=configuration[key], file=origins.get(key, ""), key=key)
    return found


_PATHS = {tuple(setting.key.split(".")[1:]): setting.path for setting in REFERENCE if "orthanc" not in setting.extra}
_SECTIONS = {path[:-1] for path in _PATHS}


def _walk(section: Any, at: Place, file: str, found: dict[Place, Given], faults: list[Fault]) -> None:
    """Collect what stands in a section; `at` is its place in PascalCase."""
    if not isinstance(section, dict):
        faults.append(checks.no_section(file, ".".join((SECTION, *at))))
        return
    for name, value in section.items():
        place = (*at, name)
        key = ".".join((SECTION, *place))
        if place in _PATHS:
            found[_PATHS[place]] = Given(value=value, file=file, key=key)
        elif place in _SECTIONS:
            _walk(value, place, file, found, faults)
        else:
            known = {path[len(at)] for path in _PATHS if path[: len(at)] == at}
            faults.append(checks.unknown(file, key, name, known))


def _from_environment(environ: Mapping[str, str], faults: list[Fault]) -> dict[Place, Given]:
    known = {setting.variable: setting for setting in REFERENCE if setting.variable}
    found: dict[Place, Given] = {}
    for name in sorted(name for name in environ if name.startswith(_PREFIX)):
        if name in known:
            found[known[name].path] = _variable(known[name], name, environ[name])
        else:
            faults.append(checks.unknown(name, "", name, known))
    for name, path in _SHORT.items():
        if environ.get(name):
            setting = next(setting for setting in REFERENCE if setting.path == path)
            found[path] = _variable(setting, name, environ[name])
    return found


def _variable(setting: Setting, name: str, text: str) -> Given:
    listed = isinstance(setting.default, tuple)
    value = [part.strip() for part in text.split(",") if part.strip()] if listed else text
    return Given(value=value, file=name, key=setting.key)


def _value(setting: Setting, given: Mapping[Place, Given], base: Path, faults: list[Fault]) -> Any:
    """Return the value in its type; the default, or UNSET where that is to be worked out, also for one at fault."""
    if setting.path not in given or (given[setting.path].value == "" and setting.default in (None, msgspec.UNSET)):
        return setting.default
    found = given[setting.path]
    try:
        # Text is read as a number or truth value only where it comes from the environment.
        strict = not found.file.startswith(("ORTHANC__", "GECIT_"))
        return msgspec.convert(
            found.value, setting.annotation, strict=strict, dec_hook=lambda _, text: _path(text, base)
        )
    except (msgspec.ValidationError, TypeError):
        faults.append(checks.wrong(found.file, setting, found.value))
        return setting.default


def _path(text: Any, base: Path) -> Path:
    if not isinstance(text, str):
        raise TypeError("a path is text")
    return base / text


def _worked_out(values: dict[Place, Any], base: Path) -> dict[Place, Any]:
    """Fill in the defaults that depend on other settings."""
    data = base / "data" if values[("data",)] is msgspec.UNSET else values[("data",)]
    defaults: dict[Place, Any] = {
        ("data",): data,
        ("database",): f"sqlite:///{data}/ledger.db",
        ("rules",): base / "rules",
        ("codes",): data / "codes.db",
        ("assets",): base / "build" / "assets",
        ("audit_key_file",): data / "audit.key",
        ("web_port",): 0,
        ("python",): _python(base),
    }
    full = {path: defaults[path] if value is msgspec.UNSET else value for path, value in values.items()}
    full[("web_port",)] = full[("web_port",)] or full[("http_port",)] + 1
    return full


def _python(base: Path) -> Path:
    """Return the venv's Python; Orthanc embeds Debian's, whose prefix is not the venv's."""
    folder = Path(sys.prefix) if sys.prefix != sys.base_prefix else base / ".venv"
    return folder / "bin" / "python"


def _build(owner: type[Any], at: Place, values: Mapping[Place, Any]) -> Any:
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(owner):
        path = (*at, field.name)
        fields[field.name] = values[path] if path in values else _build(type(field.default), path, values)
    return owner(**fields)


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    return str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
