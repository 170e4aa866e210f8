"""Where a read or a prompt ends: our errors and bugs leave as the protocol's, without their insides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import mcp_types as mt
from mcp.shared.exceptions import MCPError

from venuekit.errors import InternalError, VenuekitError
from venuekit.protocols.approver import Caller
from venuekit.watch.redact import redact_text
from venuekit_mcp.host import Host
from venuekit_mcp.results import error_body, incident
from venuekit_mcp.wire import clean

_Value = TypeVar("_Value")


async def counted(
    host: Host,
    caller: Caller,
    method: str,
    subject: str,
    work: Callable[[], Awaitable[_Value]],
    *,
    weight: float = 1.0,
) -> _Value:
    """What `work` gives, charged to the caller's calls a minute and kept in the audit.

    Raises:
        MCPError: invalid params with the error's code, message and data; internal error with an incident's id.
    """
    outcome, detail = "ok", ""
    try:
        with host.serve(caller, weight):
            return await work()
    except MCPError as error:
        outcome = f"error {error.error.code}"
        raise
    except VenuekitError as error:
        outcome, detail = error.code, str(error)
        if isinstance(error, InternalError):
            raise _bug(error, host.secrets) from None
        raise MCPError(mt.INVALID_PARAMS, f"{error.code}: {clean(str(error), 600)}", data=error_body(error)) from None
    except Exception as error:  # noqa: BLE001  (the boundary)
        outcome = InternalError.code
        raise _bug(error, host.secrets) from None
    finally:
        await _recorded(host, method, subject, outcome, caller, detail)


async def _recorded(host: Host, method: str, subject: str, outcome: str, caller: Caller, detail: str) -> None:
    try:
        await host.record(
            method,
            {"subject": redact_text(subject, also=host.secrets, keep_hex=True)[:200]},
            outcome,
            caller,
            detail=detail,
        )
    except VenuekitError as error:
        raise MCPError(mt.INTERNAL_ERROR, f"{error.code}: {clean(str(error), 600)}", data=error_body(error)) from None


def _bug(error: Exception, known: frozenset[str]) -> MCPError:
    found = incident(error, known)
    return MCPError(mt.INTERNAL_ERROR, str(found), data=error_body(found))
