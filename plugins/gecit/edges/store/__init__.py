"""The ledger: SQLAlchemy Core on SQLite or PostgreSQL."""

from .ledger import SqlLedger, open_ledger

__all__ = ["SqlLedger", "open_ledger"]
