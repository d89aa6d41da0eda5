"""Tags and text of HTML in turn, in time that grows with its length only: what is sent may be made to be slow to read.

Enough to count characters in the listener; documents are made of what `report_text` has sanitised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

BLOCKS = frozenset(("p", "div", "li", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "pre"))
SILENT = {
    name: re.compile(rf"</{name}\b", re.IGNORECASE | re.ASCII) for name in ("script", "style", "title", "textarea")
}
_TAG = re.compile(r"/?[a-z][a-z0-9]*", re.IGNORECASE | re.ASCII)


def pieces(html: str) -> Iterator[tuple[str, str]]:
    """Yield tag and text in turn: (`p`, ""), (`/p`, ""), ("", text as shown). Comments and scripts are left out.

    Each search that finds nothing is the last of its kind, so that nothing is looked through twice.
    """
    at, comments_end = 0, True
    while (begin := html.find("<", at)) >= 0 and (end := html.find(">", begin)) >= 0:
        found = _TAG.match(html, begin + 1)
        if not found and html[begin + 1] not in "!?/":  # `5 < 6`: HTML 13.2.5.6 calls it text too
            yield "", unescape(html[at : begin + 1])
            at = begin + 1
            continue
        yield "", unescape(html[at:begin])
        if comments_end and html.startswith("<!--", begin):
            close = html.find("-->", begin + 4)
            comments_end = close >= 0
            end = close + 2 if comments_end else end
        at = end + 1
        tag = found[0].lower() if found else ""
        if tag in SILENT:
            closing = SILENT[tag].search(html, at)
            if closing is None:
                return
            at = closing.start()
        elif tag:
            yield tag, ""
    yield "", unescape(html[at:])
