"""Where a picture that a report or a consultation points to is opened: the node that holds its study."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlencode

from flask import g

from gecit.core.values import Value

from .elsewhere import named, other, this_node

VIEWER = "/gecit/ohif/viewer"
KEPT = "gecit_nodes_of_studies"


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
    """Return where a picture opens. One whose study no node has is asked for here, whose viewer says that it is gone."""
    shown = {
        "StudyInstanceUIDs": image.study,
        "initialSeriesInstanceUID": image.series,
        "initialSOPInstanceUID": image.instance,
    }
    own, ledger = this_node()
    path, holding = f"{VIEWER}?{urlencode(shown)}", _holding(image.study)
    if not holding or own in holding or ledger is None:
        return PicturePlace(address=path)
    found = [(name, there) for name in holding if (there := other(name, own, ledger))]
    if not found:
        return PicturePlace(address="", node=", ".join(holding))
    name, there = found[0]
    return PicturePlace(address=named(there.address, path, own), node=name)


def _holding(study_instance_uid: str) -> tuple[str, ...]:
    """Return the nodes that hold a study, asked once for each request."""
    known: dict[str, tuple[str, ...]] = g.setdefault(KEPT, {})
    if study_instance_uid not in known:
        _, ledger = this_node()
        found = ledger.read(lambda tx: tx.study_by_uid(study_instance_uid)) if ledger else []
        known[study_instance_uid] = tuple(dict.fromkeys(one.key.node for one in found))
    return known[study_instance_uid]
