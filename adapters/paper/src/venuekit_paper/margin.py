"""What derivatives need: margin for positions and open orders together, valued at the mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from venuekit_paper.accounts import Account, Holding
    from venuekit_paper.market import Market


def initial(money: int, market: Market) -> int:
    """Initial margin of a value, rounded up."""
    margin = market.scale.margin
    return -(-money * margin.numerator // margin.denominator)


def required(holding: Holding, market: Market) -> int:
    """Initial margin, rounded up, for the larger of what the position could become when all of one side fills.

    An order that only closes needs none, and orders on both sides share one margin.
    """
    return initial(max(holding.cost + holding.buys, holding.sells - holding.cost), market)


def hold(account: Account, market: Market, holding: Holding) -> None:
    """Set the margin held for a position to what is required now."""
    needed = required(holding, market)
    account.held[market.quote] += needed - holding.margin
    holding.margin = needed


def unrealized(holding: Holding, market: Market) -> int:
    """Profit or loss at the market's value; 0 while no price is known."""
    value = market.value
    return holding.lots * value * market.unit - holding.cost if value and holding.lots else 0


def maintenance(holding: Holding, market: Market) -> int:
    """The equity that keeps a position open: half the initial margin of its value, rounded up."""
    margin = market.scale.margin
    value = abs(holding.lots) * market.value * market.unit
    return -(-value * margin.numerator // (2 * margin.denominator))


def free(account: Account, quote: str, markets: dict[str, Market]) -> int:
    """What a new order may claim: the available balance, less the losses that are not realized yet."""
    open_profit = sum(
        unrealized(holding, markets[name])
        for name, holding in account.holdings.items()
        if holding.lots and markets[name].margined and markets[name].quote == quote
    )
    return account.available(quote) + min(0, open_profit)


def need(account: Account, market: Market, side: int, money: int, fee: int, markets: dict[str, Market]) -> None:
    """Raises InsufficientFunds when an order worth `money` is more than the account can margin."""
    holding = account.holdings[market.id]
    before = holding.buys, holding.sells
    if side > 0:
        holding.buys += money
    else:
        holding.sells += money
    more = required(holding, market) - holding.margin
    holding.buys, holding.sells = before
    account.need(market.quote, more + fee, free(account, market.quote, markets))
