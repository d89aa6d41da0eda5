"""Where the navigation leads: places in their groups, in the order of the bar.

An endpoint that this installation has not, or whose action is of no use to the person, is left out.
"""

from __future__ import annotations

from typing import NamedTuple

from gecit.core.access import Action, Role


class Place(NamedTuple):
    """A page that the navigation leads to."""

    endpoint: str
    word: str  # key of `words.PAGE`
    action: Action


class Group(NamedTuple):
    """Places that belong together; a word of its own where the bar folds them."""

    word: str
    places: tuple[Place, ...]


GROUPS: tuple[Group, ...] = (
    Group(
        "nav-tracking",
        (
            Place("tracking.exams", "exams", Action.LIST_EXAMS),
            Place("tracking.unlinked", "unlinked-short", Action.SEE_EXAM),
            Place("critical.show", "critical-nav", Action.SEE_EXAM),
            Place("day.show", "day", Action.SEE_EXAM),
        ),
    ),
    Group(
        "nav-reading",
        (
            Place("reading.show", "reading-nav", Action.WRITE_REPORT),
            Place("drafts.show", "left-drafts-nav", Action.WRITE_REPORT),
            Place("own_templates.show", "templates-own-nav", Action.WRITE_REPORT),
            Place("assigning.show", "waiting-nav", Action.ASSIGN_READING),
            Place("templates.choose", "templates-nav", Action.MANAGE_TEMPLATES),
            Place("turnaround.show", "turnaround", Action.SEE_TURNAROUND),
        ),
    ),
    Group(
        "nav-colleagues",
        (
            Place("consulting.show_all", "consultations", Action.ANSWER_CONSULTATION),
            Place("shared.show", "shared", Action.SEE_SHARED),
            Place("care.emergency", "emergency", Action.OPEN_IN_EMERGENCY),
        ),
    ),
    Group(
        "nav-quality",
        (
            Place("quality.show", "quality-nav", Action.SEE_QUALITY),
            Place("reviews.show", "reviews-nav", Action.REVIEW_REPORT),
            Place("samples.show", "samples", Action.MANAGE_REVIEWS),
            Place("figures.show", "figures-nav", Action.SEE_QUALITY_FIGURES),
            Place("feedback.show", "feedback", Action.DISCUSS_QUALITY),
        ),
    ),
    Group(
        "nav-patients",
        (
            Place("patient_desk.show", "patient-desk", Action.ANSWER_PATIENTS),
            Place("care.show", "care-nav", Action.RECORD_CARE),
            Place("care.reviews", "emergency-reviews-nav", Action.REVIEW_EMERGENCY),
        ),
    ),
    Group(
        "nav-own",
        (
            Place("own_exams.show", "own-exams", Action.SEE_OWN_EXAMS),
            Place("sharing.show", "sharing", Action.SHARE),
            Place("looks.show", "looks", Action.SEE_OWN_EXAMS),
            Place("own_requests.show", "own-requests", Action.ASK_FOR_EXAM),
        ),
    ),
    Group("rules", (Place("rules.show", "rules", Action.SEE_RULES),)),
    Group(
        "nav-administration",
        (
            Place("health.show", "health", Action.SEE_HEALTH),
            Place("nodes.show", "nodes", Action.SEE_HEALTH),
            Place("institutions.show", "institutions", Action.MANAGE_INSTITUTIONS),
            Place("users.show", "users", Action.MANAGE_USERS),
            Place("grants.show", "grants", Action.MANAGE_GRANTS),
            Place("groups.show", "groups", Action.MANAGE_GRANTS),
            Place("tokens.show", "tokens", Action.MANAGE_TOKENS),
            Place("webhooks.show", "webhooks", Action.MANAGE_WEBHOOKS),
            Place("retention.show", "retention", Action.MANAGE_RETENTION),
            Place("trail.show", "audit-short", Action.SEE_AUDIT),
        ),
    ),
)
"""A citizen has pages of his own, and needs neither the numbers of a day nor studies that belong to nobody yet."""

FEW = 6
"""So many places stand side by side; more are folded into their groups."""

INSIDE = {
    "report": "tracking.exams",
    "editor": "reading.show",
    "key_images": "reading.show",
    "assigning": "reading.show",
    "institution_templates": "templates.choose",
    "consulting_acts": "consulting.show_all",
    "consulting_ask": "consulting.show_all",
    "marking": "critical.show",
    "downloads": "own_exams.show",
}
"""Part (blueprint) whose pages belong to a place of another part."""


LANDINGS: tuple[tuple[Role, str], ...] = (
    (Role.ADMINISTRATOR, "tracking.exams"),
    (Role.MANAGER, "tracking.exams"),
    (Role.RADIOLOGIST, "reading.show"),
    (Role.CONSULTANT, "consulting.show_all"),
    (Role.CLINICIAN, "critical.show"),
    (Role.ASSESSOR, "quality.show"),
    (Role.CITIZEN, "own_exams.show"),
)
"""Where somebody's work begins after signing in, by the first of his roles that stands here."""


def places() -> tuple[Place, ...]:
    """Return every place, in the order of the bar."""
    return tuple(place for group in GROUPS for place in group.places)


def home_of(endpoint: str, part: str) -> str:
    """Return the place that a page belongs to: itself, or the first place of its part; "" = none."""
    known = [one.endpoint for one in places()]
    if endpoint in known:
        return endpoint
    if part in INSIDE:
        return INSIDE[part]
    return next((one for one in known if one.startswith(f"{part}.")), "")
