"""Where a picture that a report or a consultation points to is opened: the node that holds its study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlencode

from flask import g
from werkzeug.wrappers import Response as Answer

from gecit.core.access import Action
from gecit.core.belonging import Belonging, may_reach
from gecit.core.orthanc_doors import is_uid
from gecit.core.values import Value
from gecit.ports.nodes import Node, Nodes

from .access import person
from .elsewhere import asked, known_nodes, named, other, sent_to, this_node
from .leading import silent, unreached
from .problem import show

VIEWER = "/gecit/ohif/viewer"
KEPT = "gecit_nodes_of_studies"
MOST = 50  # studies of an address that are looked at


class Pointed(Protocol):
    """A picture by its UIDs, as key images and what consultations point to have them."""

    @property
    def study(self) -> str:
        """StudyInstanceUID."""
        ...

    @property
    def series(self) -> str:
        """SeriesInstanceUID."""
        ...

    @property
    def instance(self) -> str:
        """SOPInstanceUID."""
        ...


class PicturePlace(Value):
    """Where it opens: `node` is empty where that is this one, `address` where no browser can be led there now."""

    address: str
    node: str = ""


def picture_place(image: Pointed) -> PicturePlace:
    """Return where a picture opens; where no node has its study, here: the viewer says that it is gone."""
    shown = {
        "StudyInstanceUIDs": image.study,
        "initialSeriesInstanceUID": image.series,
        "initialSOPInstanceUID": image.instance,
    }
    own, ledger = this_node()
    path, holding = f"{VIEWER}?{urlencode(shown)}", _holding(image.study)
    if not holding or own in holding or ledger is None:
        return PicturePlace(address=path)
    there = _first_reached(holding, own, ledger)
    if there is None:
        return PicturePlace(address="", node=", ".join(holding))
    return PicturePlace(address=named(there.address, path, own), node=there.name)


def _holding(study_instance_uid: str) -> tuple[str, ...]:
    """Return the nodes that hold a study, asked once for each request."""
    known: dict[str, tuple[str, ...]] = g.setdefault(KEPT, {})
    if study_instance_uid not in known:
        _, ledger = this_node()
        found = ledger.read(lambda tx: tx.study_by_uid(study_instance_uid)) if ledger else []
        known[study_instance_uid] = tuple(dict.fromkeys(one.key.node for one in found))
    return known[study_instance_uid]


def address_of_study(study_instance_uid: str) -> str:
    """Return the address of a node that holds a study, a silent one last; "" where that is this one, or has none."""
    own, ledger = this_node()
    holding = _holding(study_instance_uid)
    if ledger is None or own in holding:
        return ""
    found = [one for one in known_nodes(ledger) if one.name in holding and one.address]
    return max(found, key=lambda one: one.up).address if found else ""


def led_by_uid(text: str) -> Answer | None:
    """Return what leads to the node that holds the studies that an address of the viewer names; None: go on here.

    Of studies whose images are not open to who asks nothing is said.
    """
    own, ledger = this_node()
    asked_for = [one for one in text.split(",") if is_uid(one)][:MOST]
    if ledger is None or not asked_for or any(not (found := _holding(one)) or own in found for one in asked_for):
        return None
    first = asked_for[0]
    holding = [one for one in _holding(first) if _is_open(ledger.belongings(one, first))]
    if not holding:
        return None
    if there := _first_reached(holding, own, ledger):
        return sent_to(there.address, asked(), own)
    dead = next((one for one in known_nodes(ledger) if one.name in holding and not one.up), None)
    return show(silent(dead) if dead else unreached(", ".join(holding)))


def _first_reached(names: Sequence[str], own: str, nodes: Nodes) -> Node | None:
    return next((node for one in names if (node := other(one, own, nodes))), None)


def _is_open(studies: list[Belonging]) -> bool:
    return any(may_reach(person(), Action.SEE_IMAGES, one) for one in studies)
