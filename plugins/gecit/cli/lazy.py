"""A group of commands that loads only the command that is called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """Imports a command's module when the command is asked for: a node's process keeps no other's in memory.

    `modules`: command -> module, whose attribute of the same name is the command.
    """

    def __init__(self, *arguments: Any, modules: Mapping[str, str], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names in their order."""
        return sorted({*super().list_commands(ctx), *self._modules})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now if it was not yet; None: there is none of this name."""
        if cmd_name in self._modules and cmd_name not in self.commands:
            self.add_command(getattr(import_module(self._modules[cmd_name]), cmd_name), cmd_name)
        return super().get_command(ctx, cmd_name)
