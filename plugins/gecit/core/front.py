"""The texts of the public front page, as an installation writes them."""

from __future__ import annotations

from .values import Text, Value


class Question(Value):
    """A question and its answer."""

    question: Text
    answer: Text


class Document(Value):
    """A document that the front page offers: a page of `docs/`, or an address elsewhere."""

    title: Text
    path: str = ""  # below docs/
    url: str = ""
    about: Text | None = None


class FrontTexts(Value):
    """All of it; paragraphs are plain text."""

    title: Text
    lead: Text
    what: tuple[Text, ...]  # paragraphs
    account: tuple[Text, ...]
    legal: tuple[Text, ...]
    questions: tuple[Question, ...] = ()
    documents: tuple[Document, ...] = ()
    contact: Text | None = None
