"""Which node holds an exam's images where this one has none of them."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

from flask import request

from gecit.core.exam import Exam
from gecit.ports.nodes import Node, Nodes


def holders(exam: Exam, own: str, nodes: Nodes | None) -> list[Node]:
    """Return the nodes that hold studies of an exam, most studies first; none where this node holds any of them."""
    held = Counter(one.facts.key.node for one in exam.studies)
    if not held or held[own] or nodes is None:
        return []
    known = {one.name: one for one in nodes.nodes()}
    return [known[name] for name, _ in held.most_common() if name in known]


def where_to(exam: Exam, own: str, nodes: Nodes | None) -> str:
    """Return the address of a living node that holds studies of an exam; empty where it is this one, or there is none.

    Without a slash at its end; a browser that is sent there needs the session's cookie there too (docs/howto/nodes.md).
    One that leads back here is none: nodes may have one address, or a balancer leads that node's visitors here.
    """
    found = [one.address for one in holders(exam, own, nodes) if one.up and one.address]
    if not found or nodes is None:
        return ""
    mine = next((one.address for one in nodes.nodes() if one.name == own), "")
    return next((one for one in found if one != mine and urlsplit(one).netloc != request.host), "")
