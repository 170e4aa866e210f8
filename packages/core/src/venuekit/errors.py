"""Everything that can go wrong, as types arranged by what the caller does next.

::

    VenuekitError
    ├── UsageError                 fix the call; nothing was sent
    │   ├── InvalidValue           one field has a value that cannot be right
    │   │   ├── InvalidPrice       off the tick, or outside the instrument's bounds
    │   │   ├── InvalidSize        off the lot, too small, too large
    │   │   └── InvalidCursor      a paging cursor we did not issue
    │   ├── UnknownInstrument      with near matches
    │   ├── AmbiguousInstrument    an alias that names several instruments
    │   ├── UnknownOrder           no order with this id
    │   ├── OrderAlreadyDone       filled, canceled, expired: nothing left to change
    │   ├── ClientOrderIdReused    the same id for a different order
    │   ├── Unsupported            this venue, or this adapter, cannot do that
    │   ├── UnknownVenue           no adapter of that name is installed
    │   ├── UnknownApproval        no approval with this id
    │   ├── UnknownAction          no action with this id
    │   ├── ActionIdReused         the same id for a different action
    │   ├── ActionNotInDoubt       it has an answer already
    │   ├── ConfigError            a setting is unknown or wrong; names file, table, key
    │   ├── StoreInUse             another process holds the file, or runs the desk
    │   └── StoreDamaged           a file of ours no longer holds what was written
    ├── Refused                    we said no; nothing was sent
    │   ├── RiskRefused            a risk check; says the limit, the value and what would pass
    │   │   └── BudgetExceeded     a budget that desks share has less left than is taken
    │   ├── ModeRefused            the desk's mode does not allow it
    │   ├── PermissionRefused      the caller's role or grants do not allow it
    │   ├── Halted                 trading is halted; cancels only
    │   ├── ReduceOnlyState        trading state REDUCING: only orders that reduce
    │   ├── MarketClosed           outside the configured hours
    │   ├── DataNotTrusted         a price is missing, stale or not a number
    │   ├── ApprovalRefused        rejected, expired, used, or the price moved away
    │   ├── ApprovalPending        a person has to decide first; says about which approval
    │   └── JournalUnavailable     the order could not be made durable first
    ├── Rejected                   the venue said no
    │   ├── InsufficientFunds
    │   ├── PostOnlyWouldCross
    │   ├── WouldSelfTrade
    │   ├── NotReducing            reduce-only, and the order would not reduce
    │   ├── NoLiquidity            a market or FOK order found nothing to trade with
    │   ├── InstrumentNotTrading   halted, resolved, cancel-only
    │   └── VenuePermission        the key or account may not do that
    ├── Unavailable                nothing was sent; may be tried again
    │   ├── RateLimited            says when
    │   ├── NotConnected
    │   └── VenueDown
    ├── OutcomeUnknown             sent, no answer: reconcile, never retry
    └── InternalError              a bug of ours; never carries a traceback to a frontend

Every type has a stable `code`, which is what the MCP wire and ``--json`` carry. The wording of
messages is not part of the promise; `code`, `field` and the keys of `details` are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

Detail = str | int | bool | list[str] | None


class VenuekitError(Exception):
    """The root. `message` is for a person, `fix` is the next step, `details` are for a program.

    `order_id` is set when an order record exists, so the caller can look it up.
    """

    code: ClassVar[str] = "ERROR"
    default_fix: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        fix: str = "",
        field: str | None = None,
        details: Mapping[str, Detail] | None = None,
        order_id: str | None = None,
    ) -> None:
        self.message = message
        self.fix = fix or self.default_fix
        self.field = field
        self.details: dict[str, Detail] = dict(details or {})
        self.order_id = order_id
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()

    def to_dict(self) -> dict[str, object]:
        """The error as a flat, JSON-ready mapping: code, message, fix, and field, order_id, details if set."""
        body: dict[str, object] = {"code": self.code, "message": self.message}
        if self.fix:
            body["fix"] = self.fix
        if self.field:
            body["field"] = self.field
        if self.order_id:
            body["order_id"] = self.order_id
        if self.details:
            body["details"] = dict(self.details)
        return body


class UsageError(VenuekitError):
    """Fix the call. Nothing was sent."""

    code = "USAGE"


class InvalidValue(UsageError):
    """A field's value cannot be right. `field` names it; `details['accepted']` says what would be."""

    code = "INVALID_VALUE"


class InvalidPrice(InvalidValue):
    """The price is off the tick or out of bounds; `details['nearest']` has the valid neighbours."""

    code = "INVALID_PRICE"


class InvalidSize(InvalidValue):
    """The size is off the lot, too small or too large; `details` says the bounds and neighbours."""

    code = "INVALID_SIZE"


class InvalidCursor(InvalidValue):
    """The paging cursor is not one we issued for this query."""

    code = "INVALID_CURSOR"
    default_fix = "Start again without a cursor, or pass next_cursor from the previous page unchanged."


class UnknownInstrument(UsageError):
    """No such instrument at this venue; `details['near']` has near matches."""

    code = "UNKNOWN_INSTRUMENT"


class AmbiguousInstrument(UsageError):
    """The alias names several instruments; `details['candidates']` lists them."""

    code = "AMBIGUOUS_INSTRUMENT"


class UnknownOrder(UsageError):
    """No order with this id on this desk or account."""

    code = "UNKNOWN_ORDER"


class OrderAlreadyDone(UsageError):
    """The order is already filled, canceled, expired, rejected or denied."""

    code = "ORDER_ALREADY_DONE"


class ClientOrderIdReused(UsageError):
    """This client order id belongs to a different order."""

    code = "CLIENT_ORDER_ID_REUSED"
    default_fix = "Use a new client_order_id, or none: one is made for you."


class Unsupported(UsageError):
    """The venue cannot do it, or the adapter does not do it yet; the message says which."""

    code = "UNSUPPORTED"


class UnknownVenue(UsageError):
    """No installed adapter has this name."""

    code = "UNKNOWN_VENUE"


class UnknownApproval(UsageError):
    """No approval with this id."""

    code = "UNKNOWN_APPROVAL"


class UnknownAction(UsageError):
    """No action with this id on this desk."""

    code = "UNKNOWN_ACTION"


class ActionIdReused(UsageError):
    """This action id belongs to a different action."""

    code = "ACTION_ID_REUSED"
    default_fix = "Use a new action_id, or none: one is made for you."


class ActionNotInDoubt(UsageError):
    """Only what was sent and has no answer can be settled by a person."""

    code = "ACTION_NOT_IN_DOUBT"


class ConfigError(UsageError):
    """A setting is unknown or has a bad value. `field` is its place, like ``risk.max_order_notional``."""

    code = "CONFIG_INVALID"


class StoreInUse(UsageError):
    """Another process holds this file, or runs this desk; `details['path']` or `details['desk']` says which."""

    code = "STORE_IN_USE"


class StoreDamaged(UsageError):
    """A file of ours no longer holds what was written; `details['path']` says which. Nothing in it was changed."""

    code = "STORE_DAMAGED"


class Refused(VenuekitError):
    """We said no, before anything was sent."""

    code = "REFUSED"


class RiskRefused(Refused):
    """A risk check said no. `details` has check, limit, value and would_pass."""

    code = "RISK_REFUSED"


class BudgetExceeded(RiskRefused):
    """A budget in the store has less left than is taken; nothing was written. `details` has budget, limit and used."""

    code = "BUDGET_EXCEEDED"


class ModeRefused(Refused):
    """The desk's mode (read_only, shadow, live) does not allow it."""

    code = "MODE_REFUSED"


class PermissionRefused(Refused):
    """The caller's role or grants do not allow it."""

    code = "PERMISSION_REFUSED"


class Halted(Refused):
    """Trading is halted: cancels only."""

    code = "TRADING_HALTED"
    default_fix = "An operator resumes trading with: venuekit resume."


class ReduceOnlyState(Refused):
    """Trading state is REDUCING: only orders that reduce a position."""

    code = "TRADING_REDUCING"


class MarketClosed(Refused):
    """Outside the configured trading hours; the message says when they open."""

    code = "MARKET_CLOSED"


class DataNotTrusted(Refused):
    """A price or limit that a check needs is missing, stale or not a number, so the order is refused."""

    code = "DATA_NOT_TRUSTED"


class ApprovalRefused(Refused):
    """The approval was rejected, has expired or was used, or the price moved beyond its tolerance."""

    code = "APPROVAL_REFUSED"


class ApprovalPending(Refused):
    """It waits for a person; `details` has approval_id and action_id. Nothing was sent."""

    code = "APPROVAL_PENDING"


class JournalUnavailable(Refused):
    """The store cannot be written, so nothing may be sent."""

    code = "JOURNAL_UNAVAILABLE"


class Rejected(VenuekitError):
    """The venue said no. `details['venue_code']` is its own reason, where it gave one."""

    code = "REJECTED"


class InsufficientFunds(Rejected):
    """Balance or margin is too small; `details` has asset, required and available."""

    code = "INSUFFICIENT_FUNDS"


class PostOnlyWouldCross(Rejected):
    """A post-only order would have traded at once."""

    code = "POST_ONLY_WOULD_CROSS"


class WouldSelfTrade(Rejected):
    """The order would have traded with one of the same account."""

    code = "WOULD_SELF_TRADE"


class NotReducing(Rejected):
    """Reduce-only, and there is no position that it would reduce."""

    code = "NOT_REDUCING"


class NoLiquidity(Rejected):
    """Nothing to trade with: an empty book, or not enough for fill-or-kill."""

    code = "NO_LIQUIDITY"


class InstrumentNotTrading(Rejected):
    """The instrument does not take this order now: halted, resolved, cancel-only, post-only."""

    code = "INSTRUMENT_NOT_TRADING"


class VenuePermission(Rejected):
    """The key or the account may not do that at the venue."""

    code = "VENUE_PERMISSION"


class Unavailable(VenuekitError):
    """Nothing was sent, and it may be tried again; an order under the same client_order_id too."""

    code = "UNAVAILABLE"
    default_fix = "Nothing was sent: try again. An order may keep its client_order_id."


class RateLimited(Unavailable):
    """Too many calls, and nothing was sent; says when to try again.

    `retry_after`, in seconds, stands in `details['retry_after_seconds']` too. `endpoint` names the budget that is
    exhausted, where it is not the one of the call. `said_by_venue` is set by the desk where the venue refused; else
    the desk did, and the words are its own.
    """

    code = "RATE_LIMITED"
    said_by_venue = False

    def __init__(self, message: str, *, retry_after: float, fix: str = "", endpoint: str = "") -> None:
        self.retry_after = retry_after
        self.endpoint = endpoint
        super().__init__(
            message,
            fix=fix or f"Try again in {retry_after:.1f} s.",
            details={"retry_after_seconds": f"{retry_after:.3f}"},
        )


class NotConnected(Unavailable):
    """The desk or the venue session is not open."""

    code = "NOT_CONNECTED"


class VenueDown(Unavailable):
    """The venue does not answer, or says it is down."""

    code = "VENUE_DOWN"


class OutcomeUnknown(VenuekitError):
    """Sent, and no trustworthy answer came back. The desk reconciles; never send it again."""

    code = "OUTCOME_UNKNOWN"
    default_fix = "Do not send it again. The order is IN_DOUBT until the venue has been asked; watch its status."


class InternalError(VenuekitError):
    """A bug of ours. The details are in the log, under `details['incident']`."""

    code = "INTERNAL_ERROR"
    default_fix = "This is a bug in venuekit. Report it with the incident id; check open orders before retrying."
