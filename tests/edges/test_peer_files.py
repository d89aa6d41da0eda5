"""The scale and the strata as files: what is shipped, what a site lays over it, what cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from gecit.edges.peer_files import read_sampling, read_scale
from gecit.edges.report_files import ReportFileError

RULES = Path(__file__).parents[2] / "rules"
TITLE = 'title.tr = "a"\ntitle.en = "b"\n'


def test_what_is_shipped_can_be_used() -> None:
    scale = read_scale(RULES)
    assert [(one.score, one.differs) for one in scale.score] == [(1, False), (2, True), (3, True), (4, True)]
    assert scale.source
    assert scale.of(9) is None
    assert [one.id for one in read_sampling(RULES)] == ["critical", "low-rating", "failing-rule", "random"]


def test_a_sites_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality/sampling.toml").write_text(f'[[stratum]]\nid = "x"\nsize = 3\nper = "modality"\n{TITLE}')
    assert [(one.id, one.size) for one in read_sampling(RULES, tmp_path)] == [("x", 3)]
    assert read_scale(RULES, tmp_path) == read_scale(RULES)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sampling.toml", "[[stratum]"),
        ("sampling.toml", f'[[stratum]]\nid = "x"\nsize = -1\n{TITLE}'),
        ("sampling.toml", f'[[stratum]]\nid = "x"\nsize = 1\n{TITLE}' * 2),
        ("sampling.toml", f'[[stratum]]\nid = "x"\nsize = 1\nper = "moon"\n{TITLE}'),
        ("sampling.toml", f'[[stratum]]\nid = "x"\nsize = 1\nmodality = "CT"\n{TITLE}'),
        ("peer-review.toml", f'id = "x"\nsource = "s"\n{TITLE}'),
        ("peer-review.toml", f'id = "x"\nsource = "s"\nscore = []\n{TITLE}'),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / name).write_text(text)
    with pytest.raises(ReportFileError) as fault:
        (read_sampling if name == "sampling.toml" else read_scale)(RULES, tmp_path)
    assert name in str(fault.value)
