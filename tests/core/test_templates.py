"""Whose template comes first, what one may hold, and what a line that calls a macro becomes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gecit.core.exam_kinds import OTHER, Kind, Macro
from gecit.core.report import ReportPart
from gecit.core.templates import (
    LONGEST,
    MOST,
    Owned,
    TemplateFault,
    expanded,
    of_account,
    of_institution,
    template_faults,
    tidied,
    with_macros,
    with_template,
)
from gecit.core.values import Text

FINDINGS, CONCLUSION = ReportPart.FINDINGS, ReportPart.CONCLUSION
CT = Kind(id="ct", title=Text(tr="BT", en="CT"), template={FINDINGS: "shipped"})
MINE, OURS = of_account("ayse"), of_institution("910001")
OWNERS = (MINE, OURS)


def template(owner: str, text: str, kind: str = "ct") -> Owned:
    return Owned(owner=owner, kind=kind, parts={FINDINGS: text})


def macro(owner: str, name: str, text: str, part: ReportPart = FINDINGS) -> Owned:
    return Owned(owner=owner, macro=name, title=Text(tr=name, en=name), parts={part: text})


def test_a_persons_own_comes_before_the_institutions_and_that_before_the_shipped() -> None:
    mine, ours = template(MINE, "mine"), template(OURS, "ours")
    found = [with_template(CT, owned, OWNERS).template[FINDINGS] for owned in ([], [ours], [ours, mine], [mine])]
    assert found == ["shipped", "ours", "mine", "mine"]
    strange = [template(of_account("bora"), "x"), template(MINE, "y", "mr"), macro(MINE, "ct", "z")]
    assert with_template(CT, strange, OWNERS) is CT
    assert with_template(OTHER, [template(MINE, "mine", "")], OWNERS).template == {FINDINGS: "mine"}


def test_of_macros_of_one_id_the_nearest_stands_and_all_others_are_kept() -> None:
    shipped = [Macro(id=one, title=Text(tr=one, en=one), part=FINDINGS, text="shipped") for one in ("a", "b", "c")]
    owned = [macro(OURS, "a", "ours"), macro(MINE, "a", "mine"), macro(OURS, "b", "ours"), macro(MINE, "d", "mine")]
    found = with_macros(shipped, owned, OWNERS)
    assert [(one.id, one.text) for one in found] == [("a", "mine"), ("d", "mine"), ("b", "ours"), ("c", "shipped")]


@pytest.mark.parametrize(
    ("one", "faults"),
    [
        (template(MINE, "x"), ()),
        (template(MINE, "x", ""), ()),
        (template(MINE, "x", "yok"), (TemplateFault.UNKNOWN_KIND,)),
        (Owned(owner=MINE, kind="ct", parts={CONCLUSION: "x"}), (TemplateFault.NO_FINDINGS,)),
        (template(MINE, "x" * (LONGEST + 1)), (TemplateFault.TOO_LONG,)),
        (macro(MINE, "olagan-bt", "x"), ()),
        (macro(MINE, "Olağan BT", "x"), (TemplateFault.NO_ID,)),
        (replace(macro(MINE, "a", "x"), title=Text(tr=" ", en="")), (TemplateFault.NO_TITLE,)),
        (replace(macro(MINE, "a", "x"), parts={}), (TemplateFault.ONE_PART,)),
        (replace(macro(MINE, "a", "x"), kinds=("yok",)), (TemplateFault.UNKNOWN_KIND,)),
    ],
)
def test_what_one_may_hold(one: Owned, faults: tuple[TemplateFault, ...]) -> None:
    assert template_faults(one, {"ct"}) == faults


def test_nobody_has_more_than_can_be_looked_through() -> None:
    assert template_faults(template(MINE, "x"), {"ct"}, MOST) == (TemplateFault.TOO_MANY,)


def test_what_is_empty_is_left_out_and_lines_end_as_here() -> None:
    one = Owned(owner=MINE, kind="ct", parts={FINDINGS: " a\r\nb ", CONCLUSION: " \n"})
    assert tidied(one).parts == {FINDINGS: "a\nb"}


def test_a_line_that_calls_a_macro_becomes_its_text_and_nothing_else_does() -> None:
    known = [Macro(id="normal", title=Text(tr="n", en="n"), part=FINDINGS, text="Olağan.\nİki satır.")]
    written = {FINDINGS: "Önce\n /normal \n/yok\na /normal\n1/2", CONCLUSION: "/normal"}
    assert expanded(written, known) == {
        FINDINGS: "Önce\nOlağan.\nİki satır.\n/yok\na /normal\n1/2",
        CONCLUSION: "Olağan.\nİki satır.",
    }


def test_lines_end_as_they_do_here_whatever_ended_them() -> None:
    """Found by the fuzzer: a carriage return before a line's end became a line's end of its own the second time."""
    odd = Owned(owner="account:a", parts={ReportPart.FINDINGS: "a\r\r\nb\rc\r\n"})
    assert tidied(odd).parts == {ReportPart.FINDINGS: "a\n\nb\nc"}
    assert tidied(tidied(odd)) == tidied(odd)
