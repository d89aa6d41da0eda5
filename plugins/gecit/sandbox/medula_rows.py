"""What the pretend MEDULA holds of SOAP: rows with a number each, registered, read back and cancelled.

It promises what `docs/conformance/medula.md` promises: a row stands once for each reference of an institution, and
once for each accession number and SUT code; numbers count up; a cancellation is of all its rows or of none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import count

import msgspec

from ..core.medula_codes import ALREADY_REGISTERED
from ..core.values import Value
from ..ports import Refused

FIRST_NUMBER = 500_001
FIELD = "TAKLIT-ALAN"  # codes of our own: those of SGK are not public
NUMBER = "TAKLIT-SIRANO"


class HeldRow(Value):
    """A row that stands, or did; the fields are those of `tetkikveRadyolojiBilgisiDVO`."""

    number: int  # islemSiraNo
    facility: str  # saglikTesisKodu
    reference: str  # hizmetSunucuRefNo
    accession: str
    modality: str
    sut: str
    day: str
    branch: str
    doctor: str
    ordered_by: str


class Registered(Value):
    """Journal: rows that were registered."""

    registered: tuple[HeldRow, ...]


class Cancelled(Value):
    """Journal: numbers that were cancelled."""

    cancelled: tuple[int, ...]


class RowFault(Value):
    """Why one row was not registered."""

    reference: str
    code: str
    message: str
    before: str = ""  # the institution that has it


class RowStore:
    """Rows in memory. `lock`, `append` (to the journal) and `told_otherwise` (as JSON) are its owner's. Thread-safe."""

    def __init__(
        self, lock: threading.Lock, append: Callable[[Value], None], told_otherwise: Callable[[str, str], bool]
    ) -> None:
        self._lock = lock
        self._append = append
        self._told_otherwise = told_otherwise
        self._standing: dict[int, HeldRow] = {}
        self._by_reference: dict[tuple[str, str], int] = {}
        self._by_exam: dict[tuple[str, str], list[int]] = {}
        self._next = count(FIRST_NUMBER)

    def recall(self, line: bytes) -> bool:
        """Take a line of the journal back in; False where it is not of rows."""
        record = msgspec.json.decode(line)
        if "registered" in record:
            rows = msgspec.convert(record, Registered).registered
            self._keep(rows)
            self._next = count(max(one.number for one in rows) + 1)
        elif "cancelled" in record:
            self._drop(msgspec.convert(record, Cancelled).cancelled)
        else:
            return False
        return True

    def register(self, rows: Sequence[HeldRow], *, spoil_last: bool = False) -> tuple[list[HeldRow], list[RowFault]]:
        """Register each row that may be; its `number` is given here."""
        with self._lock:
            faults = [self._fault(one) for one in rows]
            if spoil_last:
                last = rows[-1].reference
                faults[-1] = RowFault(reference=last, code="TAKLIT-SATIR", message="istek üzerine / on demand")
            kept = [
                msgspec.structs.replace(one, number=next(self._next))
                for one, fault in zip(rows, faults, strict=True)
                if fault is None
            ]
            if kept:
                self._append(Registered(registered=tuple(kept)))
                self._keep(kept)
            return kept, [one for one in faults if one is not None]

    def find(self, facility: str, references: Sequence[str], numbers: Sequence[str]) -> list[HeldRow]:
        """Return the standing rows of an institution by reference or number."""
        with self._lock:
            wanted = {self._by_reference.get((facility, one)) for one in references}
            wanted |= {int(one) for one in numbers if one.isdigit()}
            found = [self._standing[one] for one in wanted if one in self._standing]
        return sorted((one for one in found if one.facility == facility), key=lambda one: one.number)

    def cancel(self, facility: str, numbers: Sequence[str]) -> None:
        """Cancel all of the rows; raises `Refused`, and cancels none, where one does not stand."""
        with self._lock:
            chosen = [int(one) for one in numbers if one.isdigit()]
            mine = [one for one in chosen if one in self._standing and self._standing[one].facility == facility]
            if not mine or len(mine) < len(numbers):
                raise Refused(NUMBER, "böyle bir kayıt yok / there is no such row")
            self._append(Cancelled(cancelled=tuple(mine)))
            self._drop(mine)

    def standing(self) -> list[HeldRow]:
        """Return all rows in force, by number."""
        with self._lock:
            return [self._standing[one] for one in sorted(self._standing)]

    def of_exam(self, facility: str, accession: str) -> bool:
        """Whether a row of an exam stands; for who holds the lock."""
        return bool(self._by_exam.get((facility, accession)))

    def _fault(self, row: HeldRow) -> RowFault | None:
        empty = [name for name in row.__struct_fields__ if name != "number" and not getattr(row, name)]
        if empty:
            return RowFault(reference=row.reference, code=FIELD, message=f"eksik / missing: {', '.join(empty)}")
        before = self._before(row)
        if before is not None:
            words = f"Bu işlem daha önce kaydedilmiştir. İşlem sıra no: {before.number}"
            return RowFault(reference=row.reference, code=ALREADY_REGISTERED, message=words, before=before.facility)
        if self._told_otherwise(row.facility, row.accession):
            words = "Bu işlem daha önce JSON ile kaydedilmiştir."
            return RowFault(reference=row.reference, code=ALREADY_REGISTERED, message=words, before=row.facility)
        return None

    def _before(self, row: HeldRow) -> HeldRow | None:
        number = self._by_reference.get((row.facility, row.reference))
        same = [number] if number else self._by_exam.get((row.facility, row.accession), [])
        rows = (self._standing[one] for one in same)
        return next((one for one in rows if number or one.sut == row.sut), None)

    def _keep(self, rows: Sequence[HeldRow]) -> None:
        for one in rows:
            self._standing[one.number] = one
            self._by_reference[one.facility, one.reference] = one.number
            self._by_exam.setdefault((one.facility, one.accession), []).append(one.number)

    def _drop(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            one = self._standing.pop(number)
            del self._by_reference[one.facility, one.reference]
            self._by_exam[one.facility, one.accession].remove(number)
