"""Who decides: the name given, or the account that runs the command."""

from __future__ import annotations

import getpass

from venuekit.errors import InvalidValue

_LONGEST = 64


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
