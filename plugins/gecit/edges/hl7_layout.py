"""Values put where a profile reads them: what is written by a profile can be read by it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gecit.core.profile import Profile, Source

from .hl7_ack import escape

Repetition = dict[int, dict[int, str]]
"""Component -> subcomponent -> value, not escaped yet."""


class Layout:
    """Fields of a message by segment and number, filled fact by fact; ER7 text comes out."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._fields: dict[tuple[str, int], list[Repetition]] = {}
        self._whole: dict[tuple[str, int], str] = {}

    def put(self, fact: str, value: str, *, everywhere: bool = False) -> None:
        """Write a fact where the profile looks first, or at all of its places; nothing where it is empty."""
        sources = [one for one in self._profile.sources(fact) if not one.inner]
        for source in sources if everywhere else sources[:1]:
            if value:
                self._place(source, value)

    def put_field(self, fact: str, written: str) -> None:
        """Write a whole field, in ER7 already, at the first place of a fact."""
        source = next(iter(self._profile.sources(fact)), None)
        if source and written:
            self._whole[source.segment, source.field] = written

    def fields(self, segment: str) -> Mapping[int, str]:
        """Return the fields of a segment in ER7."""
        made = {number: _written(found) for (name, number), found in self._fields.items() if name == segment}
        return made | {number: text for (name, number), text in self._whole.items() if name == segment}

    def segments(self) -> tuple[str, ...]:
        """Return the segments that hold anything."""
        return tuple(sorted({name for name, _ in (*self._fields, *self._whole)}))

    def _place(self, source: Source, value: str) -> None:
        repetitions = self._fields.setdefault((source.segment, source.field), [])
        chosen = next((one for one in repetitions if _fits(one, source)), None)
        if chosen is None:
            chosen = {}
            repetitions.append(chosen)
        if source.filter_component and source.filter_value:
            chosen.setdefault(source.filter_component, {})[source.filter_sub] = source.filter_value
        chosen.setdefault(source.component, {}).setdefault(source.sub, value)


def _fits(repetition: Repetition, source: Source) -> bool:
    """Whether a repetition can take a value of a source: its place is free, and its filter says nothing else."""
    if source.sub in repetition.get(source.component, {}):
        return repetition[source.component][source.sub] == ""
    if not source.filter_component:
        return True
    return (
        repetition.get(source.filter_component, {}).get(source.filter_sub, source.filter_value) == source.filter_value
    )


def _written(repetitions: Iterable[Repetition]) -> str:
    return "~".join(
        "^".join(_component(one.get(number, {})) for number in range(1, max(one) + 1)) for one in repetitions
    )


def _component(subs: Mapping[int, str]) -> str:
    return "&".join(escape(subs.get(number, "")) for number in range(1, max(subs, default=0) + 1))
