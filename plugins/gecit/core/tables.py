"""Reading one table of a TOML file key by key: wrong values become faults, and reading goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, time
from difflib import get_close_matches

from .rulebook import Param
from .values import Text, Value, local

KINDS = {
    str: ("metin", "text"),
    bool: ("true ya da false", "true or false"),
    int: ("tam sayı", "a whole number"),
    float: ("sayı", "a number"),
    list: ("liste", "a list"),
    dict: ("tablo", "a table"),
}


YEARS = range(1950, 2200)
"""Of dates that can be meant: 121 for 2021 is a slip, and before 1911 clocks differ from UTC's by seconds."""

MANY = 10
"""Up to so many allowed values are listed in a fault."""


class Fault(Value):
    """One thing wrong in a rule file, where it stands, and how to say it."""

    file: str
    key: str
    text: Text

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        return f"{place}: {self.text.en} / {self.text.tr}"

    @classmethod
    def of(cls, file: str, key: str, tr: str, en: str) -> Fault:
        """Make a fault of its two sentences."""
        return cls(file=file, key=key, text=Text(tr=tr, en=en))

    @classmethod
    def unknown(cls, file: str, key: str, value: str, known: Collection[str], *, choices: bool = False) -> Fault:
        """Make the fault of a name that is not among the known ones, with the nearest; of `choices` a few with all."""
        near = get_close_matches(value, list(known), n=1)
        tr, en = (f"; {near[0]!r} mi demek istediniz?", f"; did you mean {near[0]!r}?") if near else ("", "")
        if choices and len(known) <= MANY:
            tr, en = (f"{said} ({', '.join(known)})" for said in (tr, en))
        return cls.of(file, key, f"{value!r} bilinmiyor{tr}", f"{value!r} is unknown{en}")


class Table:
    """A TOML table with the place where it stands; `faults` is shared by all tables of a reading."""

    def __init__(self, file: str, content: dict[str, object], faults: list[Fault], path: str = "") -> None:
        self.file = file
        self.faults = faults
        self._content = content
        self._path = path
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def faulty(self, key: str) -> bool:
        """Whether a fault of one key was recorded."""
        return any((one.file, one.key) == (self.file, self._path + key) for one in self.faults)

    def fault(self, key: str, tr: str, en: str) -> None:
        """Record a fault of one key."""
        self.faults.append(Fault.of(self.file, self._path + key, tr, en))

    def close(self, known: Iterable[str] = ()) -> None:
        """Refuse every key that nobody asked for."""
        names = self._asked | set(known)
        unknown = [key for key in self._content if key not in names]
        self.faults.extend(Fault.unknown(self.file, self._path + key, key, sorted(names)) for key in unknown)

    def _value(self, key: str, kind: type, *, required: bool) -> object | None:
        self._asked.add(key)
        value = self._content.get(key)
        if value is None:
            if required:
                self.fault(key, "eksik", "is missing")
            return None
        if type(value) is not kind:
            tr, en = KINDS[kind]
            self.fault(key, f"{tr} olmalı", f"must be {en}")
            return None
        return value

    def text(self, key: str, *, required: bool = True) -> str:
        """Read a text; an empty one is as good as missing."""
        value = self._value(key, str, required=required)
        if value == "" and required:
            self.fault(key, "boş olamaz", "must not be empty")
        return str(value or "").strip()

    def languages(self, key: str) -> Text:
        """Read a sentence in Turkish and English."""
        table = self.table(key)
        text = Text(tr=table.text("tr"), en=table.text("en")) if key in self else Text(tr="", en="")
        table.close()
        return text

    def flag(self, key: str) -> bool:
        """Read true or false; missing = false."""
        return bool(self._value(key, bool, required=False))

    def choice(self, key: str, known: Collection[str]) -> str:
        """Read one of the known names; the first of them stands in where it is wrong, and the fault is recorded."""
        value = self._value(key, str, required=True)
        if isinstance(value, str) and value in known:
            return value
        if isinstance(value, str):
            self.faults.append(Fault.unknown(self.file, self._path + key, value, known, choices=True))
        return next(iter(known))

    def names(
        self, key: str, *, required: bool = False, any_is_empty: bool = False, known: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Read a list of names, of the `known` ones where there are any; by `any_is_empty` "any" is the empty list."""
        if any_is_empty and self._content.get(key) == "any":
            self._asked.add(key)
            return ()
        value = self._value(key, list, required=required)
        if not isinstance(value, list):
            return ()
        if not value or not all(isinstance(one, str) and one for one in value):
            self.fault(key, "boş olmayan metinlerden bir liste olmalı", "must be a list of texts, none of them empty")
            return ()
        unknown = [one for one in value if known and one not in known]
        self.faults.extend(Fault.unknown(self.file, self._path + key, one, known, choices=True) for one in unknown)
        return tuple(value)

    def param(self, key: str, default: Param) -> Param:
        """Read a parameter of a check: of the same type as its default."""
        if isinstance(default, tuple):
            return self.names(key)
        value = self._value(key, type(default), required=False)
        return default if value is None else value  # type: ignore[return-value]  # `_value` has checked the type

    def moment(self, key: str, *, required: bool = True, whole_minutes: bool = False) -> datetime | None:
        """Read an instant; without a zone it is Europe/Istanbul, without a time it is 00:00."""
        value = self._content.get(key)
        self._asked.add(key)
        if not isinstance(value, date) or value.year not in YEARS:
            self._no_date(key, value, required=required)
            return None
        moment = local(value if isinstance(value, datetime) else datetime.combine(value, time.min))
        if whole_minutes and (moment.second or moment.microsecond):
            self.fault(key, "saniye içeremez", "must not have seconds: windows are closed at minute resolution")
        return moment

    def day(self, key: str, *, required: bool = True) -> date | None:
        """Read a date without a time."""
        value = self._content.get(key)
        self._asked.add(key)
        if isinstance(value, date) and not isinstance(value, datetime) and value.year in YEARS:
            return value
        self._no_date(key, value, required=required)
        return None

    def is_day(self, key: str) -> bool:
        """Whether the key holds a date without a time."""
        return not isinstance(self._content.get(key), datetime)

    def _no_date(self, key: str, value: object, *, required: bool) -> None:
        if value is not None:
            how = "2020-03-16 or 2020-03-16T09:30:00, without quotes"
            self.fault(key, "geçerli bir tarih değil", f"is not a valid date; write {how}")
        elif required:
            self.fault(key, "eksik", "is missing")

    def table(self, key: str, *, required: bool = True) -> Table:
        """Read a table in this one; an empty one stands in where it is missing, and what it lacks is no fault more."""
        value = self._value(key, dict, required=required)
        content, faults = (value, self.faults) if isinstance(value, dict) else ({}, [] if required else self.faults)
        return Table(self.file, content, faults, f"{self._path}{key}.")

    def tables(self, key: str, *, required: bool = False) -> list[Table]:
        """Read a list of tables, numbered from 1 in faults."""
        value = self._value(key, list, required=required)
        rows = value if isinstance(value, list) else []
        if required and value == []:
            self.fault(key, "eksik", "is missing")
        if not all(isinstance(one, dict) for one in rows):
            self.fault(key, f"[[{key}]] olarak yazılmalı", f"must be written as [[{key}]]")
            rows = []
        return [
            Table(self.file, one, self.faults, f"{self._path}{key}[{number}].") for number, one in enumerate(rows, 1)
        ]
