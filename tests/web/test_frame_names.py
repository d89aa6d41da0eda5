"""What base.html sets is seen by the blocks of every page, in the place of what the page was given under that name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

WEB = Path(__file__).parents[2] / "plugins/gecit/web"


def test_the_frame_sets_no_name_that_a_page_is_given() -> None:
    frame = (WEB / "templates/base.html").read_text(encoding="utf-8")
    names = set(re.findall(r"{% set (\w+)", frame))
    assert names
    given = {
        keyword.arg
        for file in WEB.rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "render_template"
        for keyword in call.keywords
    }
    assert {"rows", "waiting"} <= given
    assert names & given == set()
