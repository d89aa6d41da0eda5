"""`gecit listen`: the HL7 door. Orders and reports come in by MLLP and are durable before they are answered."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import threading
from collections.abc import Sequence
from datetime import datetime

from ..edges.mllp import Frame, Listener
from ..ports import Beat
from ..settings import Settings
from ..settings.tls import server_context
from .build import Parts, start_logging
from .ends import hl7_detail
from .life import leave_what_stands, until_told_to_stop, wait_beating
from .reception import Raw, Reception
from .registered import home_of
from .taken import port_of

log = logging.getLogger("gecit.listen")
MSA = re.compile(rb"\rMSA.(A[AER])")


class Answered:
    """Counts answers by MSA-1, for metrics; `answered AA` ... in the sign of life."""

    def __init__(self) -> None:
        self.counts = {f"answered {code}": 0 for code in ("AA", "AE", "AR")}
        self._lock = threading.Lock()

    def count(self, answers: list[bytes]) -> list[bytes]:
        """Count answers and return them."""
        with self._lock:
            for one in answers:
                found = MSA.search(one)
                if found:
                    self.counts[f"answered {found[1].decode()}"] += 1
        return answers


def listener_of(settings: Settings, reception: Reception, answered: Answered) -> Listener:
    """Return the MLLP server on a reception."""
    limit = settings.mllp_max_message_bytes

    def handle(frames: Sequence[Frame]) -> list[bytes]:
        return answered.count(reception.receive([Raw(*one) for one in frames]))

    def refuse(kind: str, peer: str, head: bytes) -> bytes:
        return answered.count([reception.refuse(kind, peer, head, limit=limit)])[0]

    def failed(frame: Frame, fault: Exception) -> bytes:
        return answered.count([reception.receive_failed(Raw(*frame), fault)])[0]

    return Listener(
        settings.mllp_host,
        settings.mllp_port,
        handle,
        max_bytes=limit,
        idle_seconds=settings.mllp_idle_seconds,
        max_connections=settings.mllp_max_connections,
        on_bad_frame=refuse,
        on_failure=failed,
        tls=server_context(settings.mllp_tls),
        knows=reception.knows,
    )


async def serve(listener: Listener, stop: threading.Event) -> None:
    """Listen until told to stop; what was read by then is answered."""
    await listener.start()
    log.info("listening for HL7 on port %d%s", listener.port, " (TLS)" if listener.secured else "")
    await asyncio.to_thread(stop.wait)
    await listener.stop()


def run(settings: Settings) -> int:
    """Run the process; returns its exit code. PortTakenError where somebody else listens."""
    start_logging(settings.log_level)
    stop = until_told_to_stop()
    parts = Parts(settings)
    parts.ensure_rulebook()
    answered, shown = Answered(), hl7_detail(settings)
    listener = listener_of(settings, parts.reception(), answered)

    home = home_of(settings)

    def beat(now: datetime) -> Beat:
        counted: dict[str, str | int | float] = {**listener.counts, **answered.counts, **shown}
        return Beat(node=settings.name, process="listen", pid=os.getpid(), at=now, detail=counted, home=home)

    threading.Thread(target=wait_beating, args=(stop, parts.ledger, parts.clock, beat), daemon=True).start()
    try:
        leave_what_stands()
        with port_of("HL7", settings.mllp_port, "GECIT_MLLP_PORT"):
            asyncio.run(serve(listener, stop))
    finally:
        parts.ledger.close()
    return 0
