"""`gecit quality`: hints looked for anew, after the data that they go by was changed."""

from __future__ import annotations

from functools import partial

import click

from gecit.core.order import ExamKey
from gecit.edges.quality_files import read_quality
from gecit.steps.find_hints import find_again

from . import peer
from .audited import tell_first
from .common import parts

PAGE = 200


@click.group()
def quality() -> None:
    """Quality of exams: ratings and hints."""


@quality.command("find-hints")
def find_hints() -> None:
    """Look for the hints of every exam anew by `rules/quality` as it stands; verdicts stay as they are.

    Hints are looked for whenever an exam is judged; this is for those that nothing wakes: after a file was changed,
    and after an older version of Geçit.
    """
    with parts(create=False) as opened:
        data = read_quality(opened.settings.rules, opened.settings.site_rules)
        tell_first(opened, "look for hints anew", about=data.revision)
        looked_at = changed = 0
        after: ExamKey | None = None
        while True:
            page = opened.ledger.scan(after, PAGE)
            keys = [one.key for one in page.exams]
            changed += opened.ledger.write(partial(find_again, keys=keys, data=data, now=opened.clock.now()))
            looked_at += len(keys)
            if page.after is None:
                break
            after = page.after
    click.echo(f"{looked_at} tetkik / exams; ipuçları değişen / hints changed: {changed}")


for _command in peer.COMMANDS:
    quality.add_command(_command)
