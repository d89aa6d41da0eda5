"""The settings of one node: read once from Orthanc's configuration, all faults reported together."""

from .duplicates import DuplicateSettings
from .faults import Fault, SettingsError
from .read import effective, from_orthanc, home, load
from .reference import REFERENCE, Setting
from .values import IdentifierSettings, MedulaSettings, OutboxSettings, RegistrySettings, Settings

__all__ = [
    "REFERENCE",
    "DuplicateSettings",
    "Fault",
    "IdentifierSettings",
    "MedulaSettings",
    "OutboxSettings",
    "RegistrySettings",
    "Setting",
    "Settings",
    "SettingsError",
    "effective",
    "from_orthanc",
    "home",
    "load",
]
