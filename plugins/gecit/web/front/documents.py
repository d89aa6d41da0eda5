"""The pages of `docs/` as HTML, for readers who have the node's address and not its repository."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, reduce
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nh3
from markdown_it import MarkdownIt

from gecit.core.values import Value

TAGS = {
    *("h1", "h2", "h3", "h4", "p", "ul", "ol", "li", "a", "code", "pre", "strong", "em", "blockquote", "img", "hr"),
    *("table", "thead", "tbody", "tr", "th", "td", "br"),
}
ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}}
KEPT = 64  # pages
MOVED = (
    ("<pre>", '<pre tabindex="0">'),
    ("<table>", '<div class="table-responsive" tabindex="0"><table class="table table-sm whole-words">'),
    ("</table>", "</table></div>"),
)
"""What is wider than a phone is moved sideways, by keyboard too; done after cleaning, which leaves no attribute."""


class Page(Value):
    """A document; `html` holds only tags of the list above."""

    title: str
    html: str


class Documents:
    """Reads markdown below a folder, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._made = lru_cache(maxsize=KEPT)(self._make)

    def page(self, name: str) -> Page | None:
        """Return a document; None where there is none of that name."""
        path = self._path(name, ".md")
        return self._made(path, path.stat().st_mtime_ns) if path else None

    def picture(self, name: str) -> Path | None:
        """Return the file of a drawing that documents show; None where there is none."""
        return self._path(name, ".svg")

    def _path(self, name: str, suffix: str) -> Path | None:
        path = (self._folder / name).resolve()
        if path.suffix == suffix and path.is_relative_to(self._folder) and path.is_file():
            return path
        return None

    def _kept(self, path: Path) -> Callable[[str, str, str], str | None]:
        """Keep what nh3 lets through, but for links to files that are read in the repository and not here."""

        def keep(tag: str, attribute: str, value: str) -> str | None:
            address = urlsplit(value)
            if (tag, attribute) != ("a", "href") or address.scheme or not address.path:
                return value
            name = f"{path.parent.relative_to(self._folder).as_posix()}/{unquote(address.path)}"
            return value if self._path(name, ".md") or self._path(name, ".svg") else None

        return keep

    def _make(self, path: Path, changed: int) -> Page:
        text = path.read_text(encoding="utf-8")
        made = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
        html = nh3.clean(
            made,
            tags=TAGS,
            attributes=ATTRIBUTES,
            url_schemes={"http", "https", "mailto"},
            attribute_filter=self._kept(path),
        )
        first = next((line for line in text.splitlines() if line.startswith("# ")), path.stem)
        return Page(title=first.lstrip("# "), html=reduce(lambda text, one: text.replace(*one), MOVED, html))
