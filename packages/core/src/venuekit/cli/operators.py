"""Who decides: the holder of an operator's token or, where none is configured, the account that runs the command."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

import attrs

from venuekit.cli.place import Place
from venuekit.errors import ConfigError, InvalidValue
from venuekit.protocols.approver import Operator
from venuekit.settings.credentials import BY_OS_USER, BY_TOKEN, VARIABLE, Credentials, same_person

SOURCE = "cli"
_LONGEST = 64
_FOR_OTHERS = 0o077


@attrs.frozen(kw_only=True)
class Known:
    """An operator, and how the command knows them."""

    operator: Operator
    proof: str


def known_operator(place: Place, by: str | None, token_file: Path | None) -> Known:
    """Who runs the command.

    Raises:
        PermissionRefused: the token is no operator's.
        InvalidValue: no token where one is needed, or a name that is not its holder's.
    """
    credentials = Credentials(place.config)
    if not credentials.needed:
        return Known(operator=Operator(name=operator_name(by), source=SOURCE), proof=BY_OS_USER)
    token = _token(token_file)
    name = credentials.named(token)
    if by is not None and not same_person(by, name):
        raise InvalidValue(f"by is not {name}, whose token this is.", fix="Leave --by out.", field="by")
    return Known(operator=Operator(name=name, source=SOURCE, token=token), proof=BY_TOKEN)


def _token(file: Path | None) -> str:
    if file is not None:
        return _read(file)
    token = os.environ.get(VARIABLE, "").strip()  # noqa: TID251 - the command line is a process's edge
    if token:
        return token
    if sys.stdin.isatty():
        return getpass.getpass("Operator token: ").strip()
    raise InvalidValue(
        "This desk has [operators], and the command was given no token.",
        fix=f"Pass --token-file FILE, set {VARIABLE}, or run it in a terminal, where it asks.",
        field="token_file",
    )


def _read(file: Path) -> str:
    try:
        if os.name == "posix" and file.stat().st_mode & _FOR_OTHERS:
            raise ConfigError(
                f"{file} can be read by others than its owner.", fix=f"Run: chmod 600 {file}", field="token_file"
            )
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}.", fix="Check the path.", field="token_file") from error


def operator_name(by: str | None) -> str:
    """`by`, or the operating system's user.

    Raises:
        InvalidValue: an empty or overlong name, or none to be found.
    """
    if by is None:
        try:
            by = getpass.getuser()
        except (OSError, KeyError, ImportError) as error:  # a container without a user database
            raise InvalidValue("by: the user's name is not known here.", fix="Pass --by NAME.", field="by") from error
    name = by.strip()
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise InvalidValue(
            f"by must be a name of 1 to {_LONGEST} printable characters.",
            fix="Pass --by NAME.",
            field="by",
            details={"accepted": f"1 to {_LONGEST} printable characters"},
        )
    return name
