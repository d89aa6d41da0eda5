"""Files with patients' data are this user's alone, also where an older node or another umask left them open."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

from ..settings import Settings

log = logging.getLogger("gecit.start")

OTHERS = stat.S_IRWXG | stat.S_IRWXO
PRIVATE = stat.S_IRUSR | stat.S_IWUSR


def keep_private(settings: Settings) -> None:
    """Take from others what they may do with ledger and code lists; warn where the folder lets them in.

    The folder itself is left as it is: other programs' files may stand in it on purpose.
    """
    for path in _files(settings):
        try:
            if path.stat().st_mode & OTHERS:
                path.chmod(PRIVATE)
        except FileNotFoundError:
            continue
        except OSError as fault:
            log.warning(
                "%s başkalarına açık ve kapatılamadı (%s): sahibi `chmod 600` yapmalı. / "
                "%s is open to others and could not be closed (%s): its owner must `chmod 600` it.",
                *(path, fault.strerror, path, fault.strerror),
            )
    if settings.data.is_dir() and settings.data.stat().st_mode & OTHERS:
        log.warning(
            "GECIT_DATA (%s) klasörü başka kullanıcılara açık: `chmod 700 %s` yapın. / "
            "The folder GECIT_DATA (%s) is open to other users: do `chmod 700 %s`.",
            *(settings.data,) * 4,
        )


def _files(settings: Settings) -> Iterator[Path]:
    yield settings.codes
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        for ending in ("", "-wal", "-shm"):
            yield Path(f"{url.database}{ending}")
