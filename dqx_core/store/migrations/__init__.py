"""Revisions of the store's schema, oldest first. Opening a store needs no more of alembic than this list."""

__all__ = ["HEAD", "REVISIONS"]

REVISIONS = ("0001", "0002", "0003")
HEAD = REVISIONS[-1]
