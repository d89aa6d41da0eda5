"""Where Orthanc keeps its index and its files, by the configuration that it is started with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ..core.values import Value
from .files import read_configuration
from .read import home

DEFAULT = "OrthancStorage"  # Orthanc's own


class OrthancFolders(Value):
    """`index`: the file; `storage`: the folder. `in_database`: a plugin keeps one of them in PostgreSQL."""

    index: Path
    storage: Path
    in_database: bool = False


def orthanc_folders(config: Path | None = None, environ: Mapping[str, str] | None = None) -> OrthancFolders:
    """Read it; a relative folder starts in the configuration's, and the index is with the files where none is named."""
    environ = os.environ if environ is None else environ
    path = config or Path(environ.get("GECIT_CONFIG") or home(environ) / "orthanc-config")
    found, _, _ = read_configuration(path, environ)
    base = path if path.is_dir() else path.parent
    storage = environ.get("ORTHANC__STORAGE_DIRECTORY") or found.get("StorageDirectory") or DEFAULT
    index = environ.get("ORTHANC__INDEX_DIRECTORY") or found.get("IndexDirectory") or storage
    section = found.get("PostgreSQL")
    kept = section if isinstance(section, dict) else {}
    return OrthancFolders(
        index=(base / str(index)).resolve() / "index",
        storage=(base / str(storage)).resolve(),
        in_database=bool(kept.get("EnableIndex") or kept.get("EnableStorage")),
    )
