"""Bringing a database to the newest schema: numbered SQL files, forward only."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from venuekit.errors import ConfigError


def migrations(dialect: str) -> list[tuple[int, str]]:
    """Number and SQL of every schema file of a database, in order."""
    folder = Path(__file__).with_name("schema") / dialect
    return sorted((int(f.name[:4]), f.read_text(encoding="utf-8")) for f in folder.iterdir() if f.name.endswith(".sql"))


def missing(dialect: str, version: int) -> list[tuple[int, str]]:
    """What a database at schema `version` lacks.

    Raises:
        ConfigError: a newer version of the program wrote this database.
    """
    known = migrations(dialect)
    if version > known[-1][0]:
        raise ConfigError(
            f"The store has schema {version}; this version of venuekit knows {known[-1][0]}.",
            fix="Upgrade venuekit, or use another store.",
            field="store.url",
        )
    return [(number, sql) for number, sql in known if number > version]


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing, each file in a transaction of its own.

    Raises:
        ConfigError: a newer version of the program wrote this database.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number, sql in missing("sqlite", version):
        connection.execute("BEGIN IMMEDIATE")
        try:
            (now,) = connection.execute("PRAGMA user_version").fetchone()
            if now < number:
                for statement in sql.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
