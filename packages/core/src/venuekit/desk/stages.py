"""The stages of an order on its road, as types: each can only be made from the one before.

``OrderRequest → Valid → RiskApproved → Authorized → Recorded``, and then the venue's answer. Only
`venuekit.desk.dispatch` sends, and it takes a `Recorded`.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from venuekit.model.identity import ApprovalId
from venuekit.model.instrument import Instrument
from venuekit.model.intent import OrderRequest
from venuekit.model.order import Order
from venuekit.protocols.approver import Caller
from venuekit.protocols.budget import Claim
from venuekit.protocols.risk import Proposal


@attrs.frozen
class Valid:
    """Well formed for this instrument and this venue; `request` has its client order id."""

    request: OrderRequest
    instrument: Instrument
    caller: Caller


@attrs.frozen
class RiskApproved:
    """Within every limit, on data that was trusted at that moment.

    `claims` are to be counted when it is recorded; `reduces` is set for what only makes a position smaller.
    """

    valid: Valid
    proposal: Proposal
    claims: Sequence[Claim] = ()
    reduces: bool = False


@attrs.frozen
class Authorized:
    """Allowed by mode, role and, where one is needed, by a person's approval."""

    approved: RiskApproved
    approval_id: ApprovalId | None = None


@attrs.frozen
class Recorded:
    """Durable in the journal, row `sequence`: may be sent, once."""

    authorized: Authorized
    order: Order
    sequence: int
