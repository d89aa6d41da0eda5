"""The commands of `gecit`, as a caller finds them."""

from __future__ import annotations

from collections.abc import Iterator

import click


def walk(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command and group below a group, each with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        one = group.get_command(context, name)
        assert one is not None
        yield (*before, name), one
        if isinstance(one, click.Group):
            yield from walk(one, (*before, name))
