"""The settings of teleconsultation."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ..core.values import Value


class ConsultationSettings(Value):
    """How long is offered for an answer, and who is told beside the pages."""

    hours: Annotated[
        float, Meta(gt=0, le=720, description="From asking until the deadline, as the form offers it.")
    ] = 24
    email: Annotated[
        bool,
        Meta(
            description="Whoever is asked, and who asked, gets a mail at the address of the account: a link and the "
            "deadline, nothing of a patient. Sent by the server of `Alerts`."
        ),
    ] = False
    webhook: Annotated[
        bool,
        Meta(
            description="Each change of a consultation is posted to `Alerts.WebhookUrl`: its id, state and deadline, "
            "nothing of a patient."
        ),
    ] = False
