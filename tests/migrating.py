"""A database as it was before a migration: an empty one, brought up to it; migrating back from the newest takes far longer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from migrated import drop, named, server

#: An app's label and the name of one of its migrations.
Node = tuple[str, str]


@contextlib.contextmanager
def database_before(target: Node, folder: Path) -> Iterator[Any]:
    """Let the connection lead to a database of its own that holds `target` and all that does not stand on later ones of its app.

    :return: the models there are then
    """
    with _empty_database(folder):
        graph = MigrationExecutor(connection).loader.graph
        known = set(graph.forwards_plan(target))
        may_come = {node for node in graph.nodes if _may_come(graph, node, target[0], known)}
        # Only the last of each line: the executor would take a target that is passed already for one to go back to.
        yield migrate(
            sorted(node for node in may_come if not any(child.key in may_come for child in graph.node_map[node].children))
        )


def migrate(nodes: list[Node]) -> Any:
    """Bring the database to the migrations, forward, and return the models there are then."""
    executor = MigrationExecutor(connection)
    executor.migrate(nodes)
    return MigrationExecutor(connection).loader.project_state(nodes).apps


def newest(app: str) -> list[Node]:
    """Return the last migrations of an app."""
    return list(MigrationExecutor(connection).loader.graph.leaf_nodes(app))


def _may_come(graph: Any, node: Node, app: str, known: set[Node]) -> bool:
    return all(before[0] != app or before in known for before in graph.forwards_plan(node))


@contextlib.contextmanager
def _empty_database(folder: Path) -> Iterator[None]:
    used = connection.settings_dict["NAME"]
    name = str(folder / "before.sqlite3")
    if connection.vendor == "postgresql":
        name = f"before_{uuid4().hex[:12]}"
        with server(settings.DATABASE_URL) as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"')
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = used
        if connection.vendor == "postgresql":
            drop(named(settings.DATABASE_URL, name))
