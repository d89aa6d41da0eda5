"""What is wrong with a configuration, and the one error that lists all of it."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.values import Text, Value


class Fault(Value):
    """One thing that somebody has to mend."""

    file: str  # file name, name of an environment variable, or empty where neither is known
    key: str  # dotted PascalCase as in the file, e.g. Gecit.Medula.Url; empty for a fault of the whole file
    text: Text

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.key) if part)
        return f"{where}: {self.text.tr} | {self.text.en}"


class SettingsError(Exception):
    """The configuration cannot be used; its text lists every fault, a line each, in Turkish and English."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        head = f"Yapılandırmada {len(self.faults)} hata var | The configuration has {len(self.faults)} fault(s):"
        super().__init__("\n".join([head, *(f"- {fault}" for fault in self.faults)]))
