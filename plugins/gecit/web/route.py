"""What the OpenAPI description says of one route; each capability of the JSON interface describes its own."""

from __future__ import annotations

from gecit.core.values import Value


class Parameter(Value):
    """A parameter of the path or of the query."""

    name: str
    place: str
    kind: str
    text: str


class Route(Value):
    """One route: what it is for, what it answers, which errors it knows."""

    path: str
    text: str
    answers: type | None  # None = no body
    parameters: tuple[Parameter, ...] = ()
    errors: tuple[int, ...] = (401, 503)
    also: tuple[int, ...] = ()  # statuses with the same body as 200
    body: type | None = None  # what is posted; None = nothing
    query: type | None = None  # a value whose fields are the parameters of the query string
    verb: str = ""  # the method; empty = POST where there is a body, else GET
    status: int = 200  # where all is well
    kind: str = "application/json"  # of the answer
    headers: tuple[tuple[str, str], ...] = ()  # of the answer, with what each means

    @property
    def method(self) -> str:
        """The method, as OpenAPI writes it."""
        return self.verb or ("post" if self.body else "get")
