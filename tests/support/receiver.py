"""A receiver of webhooks on loopback: checks signatures by a second transcription of the specification."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from werkzeug.wrappers import Request, Response

from gecit.sandbox.faults import Faults


class Receiver:
    """Takes what is signed with one of its secrets, once for each id; everything that arrived stands in `got`."""

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.got: dict[str, Any] = {}  # webhook-id -> body
        self.arrivals: list[str] = []
        self.refused = 0
        self.status = 204
        self.faults = Faults(Request.application(self._take))

    def _take(self, request: Request) -> Response:
        body = request.get_data()
        number, second = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        given = request.headers["webhook-signature"].split(",", 1)
        wanted = [
            base64.b64encode(
                hmac.digest(
                    base64.b64decode(one[6:]), b".".join((number.encode(), second.encode(), body)), hashlib.sha256
                )
            ).decode()
            for one in self.secrets
        ]
        if given[0] != "v1" or given[1] not in wanted:
            self.refused += 1
            return Response(status=400)
        self.arrivals.append(number)
        self.got[number] = json.loads(body)
        return Response(status=self.status)
