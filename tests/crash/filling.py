"""Nodes that have been at work for years: exams of `bench.million` in their ledger, and their studies in the indexes.

An index is given the studies' rows and no files: what a sweep compares is there, and nobody asks for those images.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence

import requests
import sqlalchemy as sa
from bench.million import HELD, fill
from bench.nodes import bare

from gecit.core.events import NotificationAnswered, NotificationQueued, StudyLinked
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger, schema

from ..support.hospital import Hospital
from ..support.node import HOME

PATIENT, STUDY = 1, 2  # Orthanc's numbers of its levels
TOLD = (NotificationQueued.__name__, NotificationAnswered.__name__)
OF_A_STUDY = (schema.study, schema.study_identifier, schema.sent_study, schema.link)


class Filled:
    """The exams that were there before."""

    def __init__(self, ledger: SqlLedger, exams: int) -> None:
        self._ledger, self.exams = ledger, exams
        with ledger.engine.connect() as connection:
            self._last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(schema.event.c.id), 0))).scalar_one()
            query = sa.select(schema.exam.c.institution).distinct()
            self._institutions = list(connection.execute(query).scalars())

    def told_again(self) -> list[str]:
        """Return what the ledger says of MEDULA's being told of one of them since."""
        event = schema.event.c
        query = sa.select(event.kind, event.institution, event.accession).where(
            event.id > self._last, event.kind.in_(TOLD), event.institution.in_(self._institutions)
        )
        with self._ledger.engine.connect() as connection:
            return [
                f"{kind} of {skrs} {accession}, told years ago" for kind, skrs, accession in connection.execute(query)
            ]


def fill_nodes(nodes: Mapping[str, Hospital], exams: int, say: Callable[[str], object] = lambda _: None) -> Filled:
    """Fill the ledger of nodes that have not started yet; each institution's studies lie on one node."""
    first = next(iter(nodes.values()))
    ledger = first.ledger
    book = read_folder(
        HOME / "rules", first.folder / "site-rules"
    )  # what they activate at their start: nobody judges anew
    fill(ledger, exams, held=min(HELD, exams // 4), rulebook=book, say=say)
    say("the studies go to their nodes")
    _spread(ledger, list(nodes))
    for name, one in nodes.items():
        _index(one, _studies(ledger, name))
    return Filled(ledger, exams)


def _spread(ledger: SqlLedger, names: Sequence[str]) -> None:
    """Give the studies, which `fill` has on one node, to the nodes, wherever a node's name stands."""
    said = "replace({0}.data, '\"' || whose.former || '\"', '\"' || whose.node || '\"')"
    with ledger.engine.begin() as connection:
        connection.execute(
            sa.text(
                "CREATE TEMPORARY TABLE whose ON COMMIT DROP AS SELECT orthanc_id, institution, accession,"
                " node AS former, (CAST(:names AS text[]))[1 + CAST(institution AS integer) % :count] AS node FROM link"
            ),
            {"names": list(names), "count": len(names)},
        )
        connection.exec_driver_sql("CREATE INDEX whose_study ON whose (orthanc_id)")
        connection.exec_driver_sql("ANALYZE whose")
        for table in OF_A_STUDY:
            also = f", data = {said.format(table.name)}" if "data" in table.c else ""
            connection.exec_driver_sql(
                f"UPDATE {table.name} SET node = whose.node{also} FROM whose"  # noqa: S608 -- our own names
                f" WHERE {table.name}.orthanc_id = whose.orthanc_id"
            )
        connection.exec_driver_sql(
            f"UPDATE event SET node = whose.node, data = {said.format('event')} FROM whose"  # noqa: S608
            " WHERE event.study = whose.orthanc_id"
        )
        for table, kind in ((schema.exam, ""), (schema.event, f" AND kind = '{StudyLinked.__name__}'")):
            connection.exec_driver_sql(
                f"UPDATE {table.name} SET data = {said.format(table.name)} FROM whose WHERE"  # noqa: S608
                f" {table.name}.institution = whose.institution AND {table.name}.accession = whose.accession{kind}"
            )
    with ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("CHECKPOINT")  # else the first start after a kill goes through all of it again


def _studies(ledger: SqlLedger, node: str) -> list[str]:
    with ledger.engine.connect() as connection:
        return list(
            connection.execute(sa.select(schema.study.c.orthanc_id).where(schema.study.c.node == node)).scalars()
        )


def _index(made: Hospital, studies: Sequence[str]) -> None:
    """Put a patient and a study for each into a new index."""
    with bare(made.folder) as empty:
        requests.delete(f"http://127.0.0.1:{empty.http}/modalities/bench", timeout=10).raise_for_status()
    index = sqlite3.connect(made.folder / "orthanc" / "index")
    with index:
        add = "INSERT INTO Resources (resourceType, publicId, parentId) VALUES (?, ?, ?)"
        for one in studies:
            patient = index.execute(add, (PATIENT, one[::-1], None)).lastrowid
            index.execute(add, (STUDY, one, patient))
    index.close()
