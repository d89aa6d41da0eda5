"""What a page holds after its author's press was refused: the draft as it is saved, and beside it what is not in it."""

from __future__ import annotations

from msgspec.structs import replace

from gecit.core.draft import Draft


def to_go_on(saved: Draft | None, written: Draft | None, form: bool) -> tuple[Draft | None, Draft | None]:
    """Return the draft that the form goes on with, and what was written and stands in neither form nor ledger.

    The form always has the revision and the key images that are saved, or nothing typed into it could be saved. Where
    another window saved in between, that one's text is in the form and the text of this page stands beside it.
    `form`: the page has one.
    """
    if written is None:
        return saved, None
    if saved is None:
        return written, written if any(written.parts.values()) else None
    same = replace(
        written,
        revision=saved.revision,
        saved_at=saved.saved_at,
        key_images=saved.key_images,
        window=saved.window,
        kind=saved.kind,
        author=saved.author,
    )
    if same == saved:
        return saved, None
    if form and written.revision == saved.revision:  # refused for what is written, as a part that is too long
        return replace(same, saved_at=None), None
    return saved, written
