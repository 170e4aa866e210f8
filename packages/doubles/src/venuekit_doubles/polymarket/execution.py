"""What the venue's contracts do when a wallet calls them: make shares, undo them, pay them out, allow contracts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_utils.address import to_checksum_address

from venuekit_doubles.polymarket import contracts
from venuekit_doubles.polymarket.calldata import Call, NoSuchCall, arguments
from venuekit_doubles.polymarket.clob import Clob
from venuekit_doubles.polymarket.ledger import CASH, NotEnough
from venuekit_doubles.polymarket.listings import Listed
from venuekit_doubles.polymarket.notes import notes

_SPLIT = "splitPosition(address,bytes32,bytes32,uint256[],uint256)"
_MERGE = "mergePositions(address,bytes32,bytes32,uint256[],uint256)"
_REDEEM = "redeemPositions(address,bytes32,bytes32,uint256[])"
_ROUTER_SPLIT, _ROUTER_MERGE, _ROUTER_REDEEM = (
    "split(bytes31,uint256)",
    "merge(bytes31,uint256)",
    "redeem(bytes31,uint256,uint256)",
)
_APPROVE, _APPROVE_ALL = "approve(address,uint256)", "setApprovalForAll(address,bool)"
_BOTH = (1, 2)
_NOT_ALLOWED = "ERC1155: caller is not token owner or approved"


class Reverted(Exception):
    """The chain has undone a transaction; the text is the contract's."""


class Execution:
    """Runs the calls of one transaction: all of them, or none."""

    def __init__(self, clob: Clob) -> None:
        self._clob = clob
        self._ledger = clob.ledger

    def run(self, wallet: str, calls: Sequence[Call], transaction: str = "") -> list[dict[str, Any]]:
        """Let a wallet make these calls; what the chain notes of it. Raises Reverted: nothing has happened then."""
        before = {CASH: self._ledger.balance(wallet), **self._ledger.held(wallet)}
        try:
            with self._ledger.whole():
                for call in calls:
                    self._run(wallet, call, transaction)
        except (NotEnough, NoSuchCall) as error:
            raise Reverted(str(error)) from error
        after = {CASH: self._ledger.balance(wallet), **self._ledger.held(wallet)}
        assets = sorted({*before, *after})
        return notes(wallet, {asset: after.get(asset, 0) - before.get(asset, 0) for asset in assets})

    def attempt(self, wallet: str, calls: Sequence[Call]) -> None:
        """See whether these calls would go through; nothing happens. Raises Reverted."""
        with self._ledger.whole(keep=False):
            self.run(wallet, calls)

    def _run(self, wallet: str, call: Call, transaction: str) -> None:
        if call.value:
            raise Reverted("the venue's contracts take no POL")
        if call.to in (contracts.COLLATERAL_ADAPTER, contracts.NEG_RISK_COLLATERAL_ADAPTER):
            self._adapter(wallet, call, transaction)
        elif call.to == contracts.ROUTER:
            self._router(wallet, call, transaction)
        elif call.to == contracts.COLLATERAL:
            self._approve(wallet, call)
        elif call.to in (contracts.CONDITIONAL_TOKENS, contracts.POSITION_MANAGER):
            self._approve_all(wallet, call)
        else:
            raise Reverted(f"the double has no contract at {call.to}")

    # -- pairs of shares

    def _adapter(self, wallet: str, call: Call, transaction: str) -> None:
        """The adapters between pUSD and the conditional tokens, for standard and for negative-risk markets."""
        now = self._clob.now_ns()
        if (given := arguments(call, _SPLIT)) is not None:
            market = self._of_adapter(call.to, given)
            self._ledger.take_allowed(wallet, call.to, given[4])
            self._ledger.split(wallet, market, given[4], now, transaction)
        elif (given := arguments(call, _MERGE)) is not None:
            market = self._of_adapter(call.to, given)
            self._check_shares_allowed(wallet, call.to)
            self._ledger.merge(wallet, market, given[4], now, transaction)
        elif (given := arguments(call, _REDEEM)) is not None:
            market = self._of_adapter(call.to, given)
            self._check_shares_allowed(wallet, call.to)
            self._ledger.redeem(wallet, market, now, transaction)
        else:
            raise NoSuchCall("the collateral adapter has no such function")

    def _of_adapter(self, adapter: str, given: tuple[object, ...]) -> Listed:
        collateral, parent, condition, partition = given[:4]
        if to_checksum_address(str(collateral)) != contracts.COLLATERAL:
            raise Reverted("collateral is not pUSD")
        if parent != bytes(32) or partition != _BOTH:
            raise Reverted("invalid partition")
        assert isinstance(condition, bytes)
        market = self._market(condition)
        right = contracts.NEG_RISK_COLLATERAL_ADAPTER if market.neg_risk else contracts.COLLATERAL_ADAPTER
        if contracts.is_position(market.tokens[0]) or adapter != right:
            raise Reverted("condition of another adapter")
        return market

    def _router(self, wallet: str, call: Call, transaction: str) -> None:
        """The router of the newer positions."""
        now = self._clob.now_ns()
        if (given := arguments(call, _ROUTER_SPLIT)) is not None:
            self._ledger.take_allowed(wallet, call.to, given[1])
            self._ledger.split(wallet, self._market(given[0]), given[1], now, transaction)
        elif (given := arguments(call, _ROUTER_MERGE)) is not None:
            self._check_shares_allowed(wallet, call.to)
            self._ledger.merge(wallet, self._market(given[0]), given[1], now, transaction)
        elif (given := arguments(call, _ROUTER_REDEEM)) is not None:
            condition, outcome, amount = given
            if outcome not in (0, 1):
                raise Reverted("no such outcome")
            self._check_shares_allowed(wallet, call.to)
            amounts = (0, amount) if outcome else (amount, 0)
            self._ledger.redeem(wallet, self._market(condition), now, transaction, amounts)
        else:
            raise NoSuchCall("the router has no such function")

    def _market(self, condition: bytes) -> Listed:
        wanted = f"0x{condition.hex()}"
        found = next((m for m in self._clob.markets.values() if m.condition_id == wanted), None)
        if found is None:
            raise Reverted("condition not prepared yet")
        return found

    def _check_shares_allowed(self, wallet: str, operator: str) -> None:
        if not self._ledger.allowance(wallet, "shares", operator):
            raise NotEnough(_NOT_ALLOWED)

    # -- allowances

    def _approve(self, wallet: str, call: Call) -> None:
        given = arguments(call, _APPROVE)
        if given is None:
            raise NoSuchCall("the double's collateral has no such function")
        self._ledger.collateral_allowed[wallet][to_checksum_address(given[0])] = given[1]

    def _approve_all(self, wallet: str, call: Call) -> None:
        given = arguments(call, _APPROVE_ALL)
        if given is None:
            raise NoSuchCall("the double's shares have no such function")
        operator, allowed = to_checksum_address(given[0]), given[1]
        known = self._ledger.shares_allowed[wallet]
        known.add(operator) if allowed else known.discard(operator)
