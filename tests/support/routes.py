"""Every route of the running node, written down by hand: what it does and whose data it is about.

A route that stands in Flask's map and not here fails the walk (tests/system/test_doors.py), and so does a line here
that no route has any more. The actions and who may do them are a transcription of their own, not read from the code.
"""

from __future__ import annotations

from typing import NamedTuple

ALL, OWN, SELF, NONE, PUBLIC = "anybody's", "own", "self", "nobody's", "of nobody"

# role -> action -> whose: `PUBLIC` = the action is on nobody's data
RIGHTS: dict[str, dict[str, str]] = {
    "administrator": dict.fromkeys(
        (
            "list exams", "see an exam", "see a report", "see images", "store images", "query duplicates",
            "retry a delivery", "approve a withdrawal", "export", "see the rules", "work on the rules", "see health",
            "see the audit", "manage institutions", "manage users", "manage tokens", "manage webhooks", "use Orthanc",
            "own account",
            "assign a reading", "see turn-around times", "manage grants", "manage retention",
            "record care relations", "review emergency access",
        ),
        ALL,
    ),
    "manager": {
        "list exams": OWN, "see an exam": OWN, "see a report": OWN, "see images": OWN, "store images": OWN,
        "query duplicates": OWN, "retry a delivery": OWN, "export": OWN, "manage tokens": OWN, "manage webhooks": OWN,
        "assign a reading": OWN, "see turn-around times": OWN,
        "record care relations": OWN, "review emergency access": OWN,
        "see the rules": PUBLIC, "see health": PUBLIC, "own account": PUBLIC,
    },
    "radiologist": {
        "list exams": OWN, "see an exam": OWN, "see a report": OWN, "see images": OWN, "query duplicates": OWN,
        "write a report": OWN, "see turn-around times": OWN, "see what is shared": PUBLIC,
        "open in an emergency": PUBLIC,
        "see the rules": PUBLIC, "own account": PUBLIC,
    },
    "consultant": {"see the rules": PUBLIC, "own account": PUBLIC, "see what is shared": PUBLIC},
    "clinician": {
        "list exams": OWN, "see an exam": OWN, "see a report": OWN, "see images": OWN, "query duplicates": OWN,
        "see the rules": PUBLIC, "own account": PUBLIC, "see what is shared": PUBLIC,
        "open in an emergency": PUBLIC,
    },
    "assessor": {
        "list exams": OWN, "see an exam": OWN, "see a report": OWN, "see images": OWN,
        "see the rules": PUBLIC, "own account": PUBLIC,
    },
    "citizen": {
        "list exams": SELF, "see a report": SELF, "see images": SELF, "own account": PUBLIC, "share own exams": SELF,
    },
    "service": {
        "list exams": OWN, "see an exam": OWN, "see a report": OWN, "see images": OWN, "store images": OWN,
        "query duplicates": OWN, "retry a delivery": OWN, "export": OWN, "manage webhooks": OWN,
        "see the rules": PUBLIC, "see health": PUBLIC,
    },
    "visitor": {"see what is shared": PUBLIC},
}  # fmt: skip


def at_all(role: str, action: str) -> bool:
    """Whether a role may do it with anything."""
    return action in RIGHTS[role]


def reaches(role: str, action: str, whose: str) -> bool:
    """Whether a role may do it with an exam or study that is `OWN`, `SELF` (of the citizen) or "foreign"."""
    return RIGHTS[role].get(action) in (ALL, whose)


class Way(NamedTuple):
    """What a route does; `action` "" = open to all, `about`: whose data its address names."""

    action: str = ""
    about: str = ""


OPEN = Way()
WAYS: dict[str, Way] = {
    "GET /gecit/static/<path:filename>": OPEN,
    # pages
    "GET /gecit": Way("list exams"),
    "GET /gecit/": Way("list exams"),
    "GET /gecit/exams/<institution>/<path:accession>": Way("see an exam", "exam"),
    "GET /gecit/changes": Way("list exams"),
    "POST /gecit/patient": Way("list exams"),
    "GET /gecit/unlinked": Way("list exams"),
    "POST /gecit/views": Way("list exams"),
    "POST /gecit/views/delete": Way("list exams"),
    "POST /gecit/retry": Way("retry a delivery"),
    "POST /gecit/exam/retry": Way("retry a delivery"),
    "POST /gecit/exam/decide": Way("approve a withdrawal"),
    "POST /gecit/exports": Way("export"),
    "GET /gecit/exports/<number>": Way("export"),
    "GET /gecit/exports/<number>/progress": Way("export"),
    "GET /gecit/exports/<number>/file": Way("export"),
    "GET /gecit/day": Way("list exams"),
    "GET /gecit/senders": Way("list exams"),
    "GET /gecit/assets/<path:name>": OPEN,
    "GET /gecit/rules": Way("see the rules"),
    "GET /gecit/rules/": Way("see the rules"),
    "GET /gecit/rules/rule/<rule_id>": Way("see the rules"),
    "POST /gecit/rules/rule/<rule_id>/try": Way("work on the rules"),
    "GET /gecit/rules/exemptions": Way("see the rules"),
    "GET /gecit/rules/exemptions.csv": Way("see the rules"),
    "GET /gecit/rules/outages": Way("see the rules"),
    "POST /gecit/rules/outages/draft": Way("work on the rules"),
    "GET /gecit/rules/drafts": Way("work on the rules"),
    "POST /gecit/rules/drafts": Way("work on the rules"),
    "GET /gecit/rules/drafts/<kind>/<name>": Way("work on the rules"),
    "POST /gecit/rules/drafts/<kind>/<name>": Way("work on the rules"),
    "POST /gecit/rules/drafts/<kind>/<name>/remove": Way("work on the rules"),
    "POST /gecit/rules/drafts/<kind>/<name>/try": Way("work on the rules"),
    "POST /gecit/rules/drafts/<kind>/<name>/activate": Way("work on the rules"),
    "GET /gecit/rules/runs": Way("work on the rules"),
    "GET /gecit/rules/runs/<run>": Way("work on the rules"),
    "GET /gecit/rules/runs/<run>/progress": Way("work on the rules"),
    "POST /gecit/rules/runs/<run>/stop": Way("work on the rules"),
    "GET /gecit/rules/runs/<run>/changes.csv": Way("export"),
    "GET /gecit/rules/history": Way("see the rules"),
    "GET /gecit/rules/history/rows": Way("see the rules"),
    "GET /gecit/health": Way("see health"),
    "GET /gecit/audit": Way("see the audit"),
    "GET /gecit/audit/csv": Way("see the audit"),
    "POST /gecit/audit/patient": Way("see the audit"),
    # the reading room
    "GET /gecit/reading": Way("write a report"),
    "GET /gecit/reading/": Way("write a report"),
    "GET /gecit/reading/exam/<institution>/<path:accession>": Way("write a report", "exam"),
    "POST /gecit/reading/take/<institution>/<path:accession>": Way("write a report"),
    "POST /gecit/reading/hold/<institution>/<path:accession>": Way("write a report"),
    "POST /gecit/reading/give-back/<institution>/<path:accession>": Way("write a report"),
    "POST /gecit/reading/draft/<institution>/<path:accession>": Way("write a report"),
    "POST /gecit/reading/sign/<institution>/<path:accession>": Way("write a report"),
    "GET /gecit/reading/profile": Way("write a report"),
    "POST /gecit/reading/profile": Way("write a report"),
    "GET /gecit/reading/waiting": Way("assign a reading"),
    "POST /gecit/reading/assign/<institution>/<path:accession>": Way("assign a reading"),
    "GET /gecit/turnaround": Way("see turn-around times"),
    "GET /gecit/grants": Way("manage grants"),
    "POST /gecit/grants": Way("manage grants"),
    "POST /gecit/grants/<grant>/end": Way("manage grants"),
    # sharing
    "GET /gecit/sharing": Way("share own exams"),
    "POST /gecit/sharing": Way("share own exams"),
    "POST /gecit/sharing/<number>/end": Way("share own exams"),
    "POST /gecit/sharing/links": Way("share own exams"),
    "GET /gecit/link": OPEN,
    "POST /gecit/link/code": OPEN,
    "POST /gecit/link/open": OPEN,
    "POST /gecit/link/leave": Way("see what is shared"),
    "GET /gecit/shared": Way("see what is shared"),
    "GET /gecit/shared/report/<institution>/<path:accession>": Way("see a report", "exam"),
    "GET /gecit/retention": Way("manage retention"),
    "POST /gecit/retention/holds": Way("manage retention"),
    "POST /gecit/retention/holds/<number>/release": Way("manage retention"),
    "POST /gecit/retention/lists": Way("manage retention"),
    "GET /gecit/retention/<number>": Way("manage retention"),
    "POST /gecit/retention/<number>/approve": Way("manage retention"),
    "POST /gecit/retention/<number>/drop": Way("manage retention"),
    "GET /gecit/care": Way("record care relations"),
    "POST /gecit/care": Way("record care relations"),
    "POST /gecit/care/<number>/end": Way("record care relations"),
    "GET /gecit/care/emergency": Way("open in an emergency"),
    "POST /gecit/care/emergency": Way("open in an emergency"),
    "GET /gecit/care/reviews": Way("review emergency access"),
    "POST /gecit/care/reviews/<number>": Way("review emergency access"),
    # JSON
    "GET /gecit/api/live": OPEN,
    "GET /gecit/api/openapi.json": OPEN,
    "GET /gecit/api/health": Way("see health"),
    "GET /gecit/api/exams": Way("list exams"),
    "GET /gecit/api/exams/<institution>/<path:accession>": Way("see an exam", "exam"),
    "POST /gecit/api/exams/search": Way("list exams"),
    "GET /gecit/api/verdicts/<institution>/<path:accession>": Way("see an exam", "exam"),
    "GET /gecit/api/findings/<institution>/<path:accession>": Way("see an exam", "exam"),
    "GET /gecit/api/timeline/<institution>/<path:accession>": Way("see an exam", "exam"),
    "GET /gecit/api/outbox": Way("see an exam"),
    "POST /gecit/api/outbox/<int:number>/retry": Way("retry a delivery"),
    "GET /gecit/api/rules": Way("see the rules"),
    "GET /gecit/api/exemptions": Way("see the rules"),
    "GET /gecit/api/institutions": Way("see an exam"),
    "GET /gecit/api/incidents": Way("see health"),
    "GET /gecit/api/webhooks": Way("manage webhooks"),
    "POST /gecit/api/webhooks": Way("manage webhooks"),
    "DELETE /gecit/api/webhooks/<id>": Way("manage webhooks"),
    "GET /gecit/metrics": Way("see health"),
    # duplicate queries: asked for the own institution, answered with anybody's exams
    "POST /gecit/api/duplicates/previous-studies": Way("query duplicates"),
    "POST /gecit/api/duplicates/previous-studies-for-sut-code-list": Way("query duplicates"),
    "POST /gecit/api/duplicates/previous-studies-search-detail": Way("query duplicates"),
    "GET /gecit/api/duplicates/orders/<order>/report": Way("query duplicates"),
    "GET /gecit/api/duplicates/orders/<order>/images": Way("query duplicates"),
    # the front page
    "GET /gecit/front": OPEN,
    "GET /gecit/front/feed.atom": OPEN,
    "GET /gecit/front/documents/<path:name>": OPEN,
    "GET /gecit/front/source.tar.gz": OPEN,
    # accounts
    "GET /gecit/sign-in": OPEN,
    "POST /gecit/sign-in": OPEN,
    "GET /gecit/sign-in/by/<name>": OPEN,
    "GET /gecit/sign-in/by/<name>/back": OPEN,
    "POST /gecit/sign-out": Way("own account"),
    "GET /gecit/account": Way("own account"),
    "POST /gecit/account/password": Way("own account"),
    "POST /gecit/account/sessions/<digest>/end": Way("own account"),
    "POST /gecit/account/sign-out-everywhere": Way("own account"),
    "GET /gecit/users": Way("manage users"),
    "GET /gecit/users/new": Way("manage users"),
    "POST /gecit/users/new": Way("manage users"),
    "GET /gecit/users/<name>": Way("manage users"),
    "POST /gecit/users/<name>": Way("manage users"),
    "POST /gecit/users/<name>/state": Way("manage users"),
    "POST /gecit/users/<name>/password": Way("manage users"),
    "POST /gecit/users/<name>/sign-out": Way("manage users"),
    "GET /gecit/tokens": Way("manage tokens"),
    "POST /gecit/tokens": Way("manage tokens"),
    "POST /gecit/tokens/<named>/revoke": Way("manage tokens"),
    "GET /gecit/institutions": Way("manage institutions"),
    "GET /gecit/institutions/new": Way("manage institutions"),
    "POST /gecit/institutions/new": Way("manage institutions"),
    "GET /gecit/institutions/<skrs>": Way("manage institutions"),
    "POST /gecit/institutions/<skrs>": Way("manage institutions"),
    # the viewer
    "GET /gecit/ohif": Way("see images"),
    "GET /gecit/ohif/": Way("see images"),
    "GET /gecit/ohif/<path:route>": Way("see images"),
    "GET /gecit/viewer": Way("see images"),
    "GET /gecit/viewer/<institution>/<path:accession>": Way("see images"),  # redirects; whose: tests/web/test_viewer.py
    # QIDO-RS
    "GET /gecit/dicom-web/studies": Way("see images"),
    "GET /gecit/dicom-web/series": Way("see images"),
    "GET /gecit/dicom-web/instances": Way("see images"),
    "GET /gecit/dicom-web/studies/<study>/series": Way("see images"),
    "GET /gecit/dicom-web/studies/<study>/instances": Way("see images"),
    "GET /gecit/dicom-web/studies/<study>/series/<series>/instances": Way("see images"),
}

# Orthanc's own: what its REST interface has is taken from the program itself (`Orthanc --openapi`).
DICOM_WEB: dict[str, Way] = {
    "GET /dicom-web/studies": Way("use Orthanc"),
    "GET /dicom-web/series": Way("use Orthanc"),
    "GET /dicom-web/instances": Way("use Orthanc"),
    "GET /dicom-web/servers": Way("use Orthanc"),
    "GET /dicom-web/info": Way("use Orthanc"),
    "GET /dicom-web/studies/<study>": Way("see images", "study"),
    "GET /dicom-web/studies/<study>/metadata": Way("see images", "study"),
    "GET /dicom-web/studies/<study>/series": Way("see images", "study"),
    "GET /dicom-web/studies/<study>/instances": Way("see images", "study"),
    "GET /dicom-web/studies/<study>/series/<series>": Way("see images", "study"),
    "GET /dicom-web/studies/<study>/series/<series>/metadata": Way("see images", "study"),
    "GET /dicom-web/studies/<study>/series/<series>/instances": Way("see images", "study"),
    "GET /dicom-web/studies/<study>/series/<series>/instances/<instance>": Way("see images", "study"),
    "GET /dicom-web/studies/<study>/series/<series>/instances/<instance>/metadata": Way("see images", "study"),
    "GET /dicom-web/studies/<study>/series/<series>/instances/<instance>/frames/1": Way("see images", "study"),
    "GET /dicom-web/studies/<study>/series/<series>/instances/<instance>/rendered": Way("see images", "study"),
    "GET /dicom-web/studies/<study>/series/<series>/instances/<instance>/bulk/00420011": Way("see images", "study"),
    "GET /wado?requestType=WADO&studyUID=<study>&seriesUID=<series>&objectUID=<instance>": Way("see images", "study"),
    "GET /wado": Way("see images", "no study"),
    "GET /wado?requestType=WADO&objectUID=<instance>": Way("see images", "no study"),
    "POST /dicom-web/studies": Way("store images"),
    "POST /dicom-web/studies/<study>": Way("store images", "study"),
    "PUT /dicom-web/studies/<study>": Way("use Orthanc"),
    "DELETE /dicom-web/studies/<study>": Way("use Orthanc"),
    "POST /dicom-web/servers/x/stow": Way("use Orthanc"),
    "GET /app/explorer.html": Way("use Orthanc"),
    "GET /system": Way("use Orthanc"),
    "GET /statistics": Way("use Orthanc"),
    "GET /gecit-index": Way("use Orthanc"),
    "GET /": Way("use Orthanc"),
}
