"""The nodes that share one ledger: each says that it is there, and the others see since when it is not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from ..core.values import Value

SILENT = timedelta(seconds=60)
"""Who gave no sign of life for longer is taken as dead, node or process: each gives one every ten seconds."""


class NewNode(Value):
    """What a node says of itself when it starts.

    `mark` is that of its index, `home` that of its data folder: where both are others, it is another node.
    """

    name: str
    mark: str
    home: str
    address: str = ""  # https://… under which browsers reach it
    version: str = ""
    orthanc: str = ""


class Node(NewNode, kw_only=True):
    """A node as the ledger knows it: times, and `silent` since the last sign, by the ledger's own clock."""

    schema: str = ""
    started_at: datetime
    beat_at: datetime
    silent: timedelta

    @property
    def up(self) -> bool:
        """Whether it was heard of lately."""
        return self.silent <= SILENT


class Nodes(Protocol):
    """The registry."""

    def claim_node(self, new: NewNode) -> Node | None:
        """Register a node that starts; the other one where that name is taken: by another living one."""
        ...

    def node_lives(self, one: NewNode) -> bool:
        """Record a sign of life; False where the name is another node's by now."""
        ...

    def nodes(self) -> list[Node]:
        """Return all nodes that ever registered, by name."""
        ...

    def forget_node(self, name: str) -> bool:
        """Take a node off the list that is silent and will not come back; False where it is there, or unknown."""
        ...
