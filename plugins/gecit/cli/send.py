"""`gecit send`: HL7 messages out of files to a listener, as an HBYS would, and what it answers."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from gecit.core.harmless import one_line
from gecit.edges import hl7_build, hl7_reader, sent_files

from .common import settings

TIMEOUT_SECONDS = 60.0


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Where the node listens.")
@click.option("--port", type=click.IntRange(1, 65535), help="Its MLLP port; by default the configured one.")
def send(files: tuple[Path, ...], host: str, port: int | None) -> None:
    """Send HL7 messages of files by MLLP and print the answers. Exit code 1 where one is not AA."""
    messages = [one for path in files for one in _messages(path)]
    good, number = True, port or settings().mllp_port
    for message in messages:
        ack = hl7_reader.parse(_told(host, number, message))
        for segment in ack.segments:
            if segment.id in ("MSA", "ERR"):
                click.echo(one_line(segment.raw))
        good = good and ack.get("MSA", 1) == "AA"
    sys.exit(0 if good else 1)


def _told(host: str, port: int, message: bytes) -> bytes:
    """Send one message by itself and return its answer, so that earlier answers stand printed whatever comes of it."""
    try:
        (answer,) = hl7_build.send(host, port, [message], TIMEOUT_SECONDS)
    except OSError as fault:
        number = one_line(hl7_reader.parse(message).get("MSH", 10))
        raise click.ClickException(_unreached(host, port, number, fault)) from fault
    return answer


def _unreached(host: str, port: int, number: str, fault: OSError) -> str:
    """Say where nobody answered which message, and what to do; a break in the middle is told in the same words."""
    return (
        f"MSH-10 {number}: yanıt gelmedi / no answer\n"
        f"{host}:{port} ile HL7 (MLLP) bağlantısı kurulamadı ya da koptu: {fault}\n"
        "  Düğüm çalışıyor mu (gecit health)? Başka kapıdaysa --port ya da GECIT_MLLP_PORT ile, başka bilgisayardaysa "
        "--host ile gösterin. Bağlantı koptuysa mesaj alınmış olabilir; aynı mesajı yeniden göndermek zarar vermez.\n"
        f"no HL7 (MLLP) connection to {host}:{port}, or it broke: {fault}\n"
        "  Is the node running (gecit health)? Name another port by --port or GECIT_MLLP_PORT, another computer by "
        "--host. If the connection broke, the message may have been taken; sending it again does no harm."
    )


def _messages(path: Path) -> list[bytes]:
    """Return a file's messages, their segments ended by <CR> as the wire has them."""
    found = [one for one in sent_files.messages_in(path.read_bytes()) if isinstance(one, bytes)]
    if not found:
        raise click.ClickException(f"{path}: HL7 mesajı yok / no HL7 message")
    return [re.sub(rb"\r?\n", b"\r", one) for one in found]
