"""Databases emptied after a test, in a tenth of the time of Django's `flush`.

That clears every table, also those that are empty, and makes all content types and permissions
anew: on PostgreSQL 0.1 s for each of a thousand tests.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connections, transaction

#: What `migrate` writes and no test changes.
KEPT = frozenset({"auth_permission", "django_content_type"})


def empty(alias: str) -> None:
    """Delete all rows but those of Django's own tables of types.

    A database that no test of this run needs has no tables.
    """
    if not (which_have_rows := _which_have_rows(alias)):
        return
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        # Keys to other tables are looked at when the transaction ends.
        cursor.execute(which_have_rows)
        for (table,) in cursor.fetchall():
            cursor.execute(f'DELETE FROM "{table}"')


def empty_all(case: Any) -> None:
    """What a `TransactionTestCase` does at its end."""
    for alias in case._databases_names(include_mirrors=False):
        empty(alias)


@cache
def _which_have_rows(alias: str) -> str:
    tables = connections[alias].introspection.django_table_names(only_existing=True)
    return " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\")"
        for table in tables
        if table not in KEPT
    )
