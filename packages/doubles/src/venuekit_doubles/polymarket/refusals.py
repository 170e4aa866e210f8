"""The venue's own words for what it does not do."""

from __future__ import annotations

import attrs


@attrs.define(auto_exc=True)
class Refusal(Exception):
    """An answer with an HTTP status of its own; `body` is the whole of it when it is not ``{"error": ...}``."""

    status: int
    error: str
    body: dict[str, object] | None = None

    @property
    def answer(self) -> dict[str, object]:
        """The answer's body."""
        return {"error": self.error} if self.body is None else self.body


def bad(error: str) -> Refusal:
    """400."""
    return Refusal(400, error)


INVALID_PAYLOAD = "Invalid order payload"
NOT_THE_OWNER = "the order owner has to be the owner of the API KEY"
NOT_THE_SIGNER = "the order signer address has to be the address of the API KEY"
INVALID_TOKEN = "Invalid token id"  # noqa: S105 - of an outcome
INVALID_ORDER_ID = "Invalid orderID"
INVALID_EXPIRATION = "invalid expiration"
VERSION_MISMATCH = "order_version_mismatch"
NO_BOOK = "No orderbook exists for the requested token id"
NO_MARKET = "market not found"
NOT_READY = "the market is not yet ready to process new orders"
CROSSES = "invalid post-only order: order crosses book"
NOT_FILLED_FOK = "order couldn't be fully filled. FOK orders are fully filled or killed."
NOT_FILLED_FAK = (
    "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found."
)
NOT_FOUND_TO_CANCEL = "order can't be found - already canceled or matched"
DELAYED_TO_CANCEL = "order is delayed and cannot be canceled"
UNAUTHORIZED = "Unauthorized/Invalid api key"
BAD_LOGIN = "Invalid L1 Request headers"
_SIGNATURES = ("invalid signature", "invalid POLY_PROXY signature", "invalid POLY_GNOSIS_SAFE signature")


def invalid_signature(kind: int) -> Refusal:
    """The signature is not one by the wallet."""
    return bad(_SIGNATURES[kind] if kind < len(_SIGNATURES) else "invalid POLY_1271 signature")


def banned(address: str) -> Refusal:
    """The address may not trade."""
    return bad(f"'{address}' address banned")


def closed_only(address: str) -> Refusal:
    """The address may only sell what it has."""
    return bad(f"'{address}' address in closed only mode")


def invalid_order(order_id: str, why: str) -> Refusal:
    """Something in the order breaks a rule."""
    return bad(f"order {order_id} is invalid. {why}")


def duplicated(order_id: str) -> Refusal:
    """The very order is there already."""
    return invalid_order(order_id, "Duplicated.")


def off_tick(order_id: str, price: str, tick: str) -> Refusal:
    """The price is not on the tick."""
    return invalid_order(order_id, f"Price ({price}) breaks minimum tick size rule: {tick}")


def too_small(order_id: str, size: str, least: str) -> Refusal:
    """Fewer shares than an order must have."""
    return invalid_order(order_id, f"Size ({size}) lower than the minimum: {least}")


def too_precise(kind: str, maker: int, taker: int) -> Refusal:
    """More decimals than the amounts of such an order may have."""
    return bad(
        f"invalid amounts, the {kind} orders maker amount supports a max accuracy of {maker} decimals, "
        f"taker amount a max of {taker} decimals"
    )


def too_little_money(side: str, money: str) -> Refusal:
    """An order that trades at once must be worth a dollar."""
    return bad(f"invalid amount for a marketable {side} order (${money}), min size: $1")


def not_enough_balance(balance: int, amount: int, matched: int, waiting: int) -> Refusal:
    """The wallet has too little of what it would give."""
    sums = (("sum of matched orders", matched), ("sum of active orders", waiting))
    more = "".join(f", {name}: {n}" for name, n in sums if n)
    return bad(
        f"not enough balance / allowance: the balance is not enough -> balance: {balance}{more}, order amount: {amount}"
    )


def not_enough_allowance(spender: str, allowance: int, amount: int) -> Refusal:
    """A contract may not take what the order would give."""
    return bad(
        "not enough balance / allowance: the allowance is not enough -> "
        f"spender: {spender}, allowance: {allowance}, order amount: {amount}"
    )


def too_many(given: int, most: int) -> Refusal:
    """A batch is too long."""
    return bad(f"Too many orders in payload: {given}, max allowed: {most}")


RESTARTING = Refusal(425, "Too Early: the matching engine is restarting")
DISABLED = Refusal(503, "Trading is currently disabled. Check polymarket.com for updates")
CANCEL_ONLY = Refusal(503, "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.")


def post_only_mode(seconds: int) -> Refusal:
    """After a restart only orders that rest are taken for a while."""
    return Refusal(
        503,
        "post_only_mode",
        {
            "code": "post_only_mode",
            "error": "post-only mode: only post-only orders and cancels are allowed",
            "retry_after_seconds": seconds,
        },
    )
