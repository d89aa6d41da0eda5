"""docs/conformance/hl7.md says what the code does."""

from pathlib import Path

import pytest

from gecit.core.codes_of_remarks import CATALOGUE
from gecit.edges.hl7_profile import load
from tests.support.hl7_samples import PROFILES

PAGE = (Path(__file__).parents[2] / "docs" / "conformance" / "hl7.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_remark_stands_on_the_page_as_it_is_said(code):
    row = next((line for line in PAGE.splitlines() if line.startswith(f"| `{code}` |")), "")
    entry = CATALOGUE[code]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    expected = [f"`{code}`", entry.severity.value, entry.tr, entry.en, entry.mender.text.en]
    assert cells == [*expected, "yes" if entry.transient else "", entry.ministry]


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_path_of_every_profile_stands_on_the_page(path):
    profile = load(path)
    assert f"### `{profile.id}`" in PAGE
    missing = {one.path for sources in profile.facts.values() for one in sources if f"`{one.path}`" not in PAGE}
    assert missing == set()
