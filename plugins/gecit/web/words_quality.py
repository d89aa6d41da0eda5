"""The words of the quality pages, Turkish first."""

from __future__ import annotations

from gecit.core.report import RatingKind
from gecit.core.values import Text

RATED: dict[RatingKind, Text] = {
    RatingKind.IMAGE: Text(tr="Çekim kalitesi", en="Image quality"),
    RatingKind.REQUEST: Text(tr="İstem nedeni", en="Reason of the request"),
}
