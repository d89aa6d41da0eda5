"""Which node holds an exam's images where this one has none of them, and how a browser gets there."""

from __future__ import annotations

from collections import Counter
from urllib.parse import quote, urlencode, urlsplit

from flask import current_app, g, make_response, render_template, request
from werkzeug.urls import iri_to_uri
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as Answer

from gecit.core.exam import Exam
from gecit.core.values import Value
from gecit.edges.doors import How
from gecit.edges.store import SqlLedger
from gecit.ports.nodes import Node, Nodes

from .sender import admission

FROM = "from"
"""In an address: the node that sent the browser there, which vouches for whoever is signed in there."""

BY = "by"
LINK, LINK_PAGE = "link", "/gecit/link"
"""In an address: whoever is sent came by a patient's link, and has a visit and no session."""

OVER, LINK_OVER = "/gecit/over", "/gecit/link/over"
"""Where a sign-in and a visit go over to another node."""

PORTS = {"http": 80, "https": 443}

NODES, KNOWN = "gecit_nodes", "gecit_known_nodes"
"""Extension of the application: this node's name and the registry. Of a request: what that has told."""


def this_node() -> tuple[str, SqlLedger | None]:
    """Return this node's name, and the ledger that knows the others; None where there is none."""
    own, nodes = current_app.extensions.get(NODES, ("", None))
    return own, nodes


def known_nodes(nodes: Nodes) -> list[Node]:
    """Return the nodes of the ledger, asked once for each request."""
    found: list[Node] | None = g.get(KNOWN)
    if found is None:
        found = nodes.nodes()
        setattr(g, KNOWN, found)
    return found


def holders(exam: Exam, own: str, nodes: Nodes | None) -> list[Node]:
    """Return the nodes that hold studies of an exam, most studies first; none where this node holds any of them."""
    held = Counter(one.facts.key.node for one in exam.studies)
    if not held or held[own] or nodes is None:
        return []
    known = {one.name: one for one in known_nodes(nodes)}
    return [known[name] for name, _ in held.most_common() if name in known]


class Held(Value):
    """How many of an exam's studies a node holds; `up`: they can be opened there."""

    name: str
    studies: int
    here: bool
    up: bool


def spread(exam: Exam, own: str, nodes: Nodes | None) -> list[Held]:
    """Return which nodes hold studies of an exam, this one first."""
    held = Counter(one.facts.key.node for one in exam.studies)
    asks = nodes if held.keys() - {own} else None  # what lies here alone is no question
    reached = {one.name for one in known_nodes(asks) if _reached(one, own)} if asks else set()
    found = [
        Held(name=name, studies=number, here=name == own, up=name == own or name in reached)
        for name, number in held.most_common()
    ]
    return sorted(found, key=lambda one: not one.here)


class Part(Value):
    """Another node that holds a part of an exam's images; `address`: of a page there, empty: it cannot be reached."""

    name: str
    address: str


def parts(exam: Exam, path: str, own: str, nodes: Nodes | None) -> list[Part]:
    """Return the other nodes that hold studies of an exam, each with the same path there."""
    names = [one.name for one in spread(exam, own, nodes) if not one.here]
    reached = {one: other(one, own, nodes) if nodes else None for one in names}
    return [Part(name=one, address=named(there.address, path, own) if there else "") for one, there in reached.items()]


def where_to(exam: Exam, own: str, nodes: Nodes | None) -> str:
    """Return the address of a living node that holds studies of an exam; empty where it is this one, or there is none.

    Without a slash at its end. One that leads back here is none: nodes may have one address, or a balancer leads that
    node's visitors here.
    """
    found = [one.address for one in holders(exam, own, nodes) if _reached(one, own)]
    if not found or nodes is None:
        return ""
    mine = next((one.address for one in known_nodes(nodes) if one.name == own), "")
    return next((one for one in found if one != mine), "")


def sent_to(there: str, path: str, own: str) -> Answer:
    """Send whoever asks on to another node's path, which is told by whom.

    A browser gets a page that goes on by itself: where a form led here, `form-action 'self'` of its page forbids to be
    redirected to another origin (CSP 3, 6.4.1), and our sign-in is such a form. In a frame of ours, which holds no
    other origin's page either, it offers a window.
    """
    address = named(there, path, own)
    if "text/html" in request.headers.get("Accept", ""):
        framed = request.headers.get("Sec-Fetch-Dest", "") == "iframe"
        return make_response(render_template("elsewhere.html", address=address, framed=framed))
    return redirect(address, 303)


def named(there: str, path: str, own: str) -> str:
    """Return the address of another node's path, with the name of this one, and whether a visit is to go over."""
    told = {FROM: own, **({BY: LINK} if admission().how is How.VISIT else {})}
    return f"{there}{path}{'&' if '?' in path else '?'}{urlencode(told)}"


def other(name: str, own: str, nodes: Nodes) -> Node | None:
    """Return another living node that browsers reach under an address of its own."""
    return next((one for one in known_nodes(nodes) if one.name == name and _reached(one, own)), None)


def _reached(one: Node, own: str) -> bool:
    """Whether a browser gets to another node from here: it lives, and its address leads to another host than this."""
    return one.name != own and one.up and bool(one.address) and urlsplit(one.address).netloc != request.host


def sender_of(origin: str, own: str, nodes: Nodes) -> str:
    """Return which other living node of the ledger an origin is of; empty: none."""
    others = (one for one in known_nodes(nodes) if one.name != own and one.up and one.address)
    return next((one.name for one in others if origin_of(one) == origin), "") if origin else ""


def origin_of(node: Node) -> str:
    """Return a node's origin as browsers write it (RFC 6454): the host in ASCII, no port that goes without saying."""
    parts = urlsplit(iri_to_uri(node.address))
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}"


def vouching() -> str:
    """Return where a browser that is not signed in here may be signed in: at the node that sent it; empty: nowhere."""
    own, nodes = this_node()
    name = request.args.get(FROM, "")
    there = other(name, own, nodes) if name and nodes else None
    if there is None:
        return ""
    over = LINK_OVER if by_link() else OVER
    return f"{there.address}{over}?{urlencode({'node': own, 'next': asked()})}"


def by_link() -> bool:
    """Whether another node says that whoever asks came by a patient's link: he has no account, and no password."""
    return request.args.get(BY) == LINK


def over_anew() -> str:
    """Return where a visitor whom another node sent begins anew who is somebody else here; empty: he is nobody else.

    A session goes before a visit: its page says to sign out first. And the visit that the browser shows here may be
    that of who sat there before.
    """
    if not by_link():
        return ""
    return LINK_PAGE if admission().how is How.SESSION else vouching()


def asked() -> str:
    """Return path and query of this request as addresses write them, without who sent the browser."""
    rest = urlencode([one for one in request.args.items(multi=True) if one[0] not in (FROM, BY)])
    return f"{quote(request.path)}?{rest}".rstrip("?")
