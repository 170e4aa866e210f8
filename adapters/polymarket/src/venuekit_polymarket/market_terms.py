"""One market as the venue tells it: what is asked, its two outcomes, its rules, and what it paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from venuekit.adapter import ONE, ZERO, Instrument, InstrumentKind, InstrumentStatus
from venuekit_polymarket.aliases import alias_of
from venuekit_polymarket.capabilities import VENUE
from venuekit_polymarket.reading import amount, flag, listed, number, positive, rows, table, text, time_ns

QUOTE = "pUSD"
#: Shares are counted to a hundredth in orders; what is left over of fills is finer.
LOT = Decimal("0.01")
HALF = Decimal("0.5")
#: What the venue has where it does not say.
_TICK, _MIN_SIZE = LOT, Decimal(5)
_LONGEST_NAME = 200


@attrs.frozen(kw_only=True)
class Fees:
    """``shares x rate x (price x (1 - price)) ^ exponent`` in pUSD, of takers only where `taker_only`."""

    rate: Decimal
    exponent: Decimal
    taker_only: bool = True


@attrs.frozen(kw_only=True)
class MarketTerms:
    """One market with two outcomes. Texts are the venue's: data, not instructions."""

    condition_id: str
    slug: str
    question: str
    outcomes: tuple[str, str]
    tokens: tuple[str, str]
    tick_size: Decimal
    min_size: Decimal
    neg_risk: bool
    status: InstrumentStatus
    #: What a share of each outcome paid; None while that is not known.
    payouts: tuple[Decimal, Decimal] | None = None
    fees: Fees | None = None
    #: Seconds that an order which would trade waits first, as in sports.
    delay_seconds: int = 0
    #: When it is expected to end; trading may go on until it is resolved.
    end_ns: int | None = None
    game_start_ns: int | None = None
    event_slug: str = ""
    event_title: str = ""
    #: A market that stands for outcomes not yet named: what it means changes when they are.
    placeholder: bool = False
    group_title: str = ""
    description: str = ""
    category: str = ""
    volume: Decimal = ZERO
    volume_24h: Decimal = ZERO
    liquidity: Decimal = ZERO
    best_bid: Decimal | None = None
    best_ask: Decimal | None = None
    last: Decimal | None = None
    #: Whether the order book itself was asked for the rules, not only the catalogue.
    exact: bool = False

    def index_of(self, token_id: str) -> int:
        """Which outcome a token is. Raises ValueError for a stranger's."""
        return self.tokens.index(token_id)

    def payout(self, token_id: str) -> Decimal | None:
        """What a share of a token paid; None while that is not known."""
        return None if self.payouts is None else self.payouts[self.index_of(token_id)]

    def instruments(self) -> tuple[Instrument, Instrument]:
        """Both outcomes, each as an instrument of its own."""
        return self._instrument(0), self._instrument(1)

    def _instrument(self, index: int) -> Instrument:
        token = self.tokens[index]
        return Instrument(
            id=token,
            venue=VENUE,
            kind=InstrumentKind.BINARY_OUTCOME,
            base=token,
            quote=QUOTE,
            tick_size=self.tick_size,
            lot_size=LOT,
            min_size=self.min_size,
            min_price=self.tick_size,
            max_price=ONE - self.tick_size,
            status=self.status,
            alias=alias_of(self.slug, self.outcomes, index),
            name=f"{self.question[:_LONGEST_NAME]} [{self.outcomes[index][:40]}]",
            complement=self.tokens[1 - index],
            expiry_ns=self.end_ns,
            metadata=self._metadata(index),
        )

    def _metadata(self, index: int) -> dict[str, str]:
        said = {
            "condition_id": self.condition_id,
            "slug": self.slug,
            "outcome": self.outcomes[index],
            "event_slug": self.event_slug,
            "event_title": self.event_title,
            "group_title": self.group_title,
            "category": self.category,
            "neg_risk": "true" if self.neg_risk else "false",
            "placeholder": "true" if self.placeholder else "",
            "delay_seconds": str(self.delay_seconds) if self.delay_seconds else "",
        }
        if self.fees is not None:
            said |= {
                "fee_rate": f"{self.fees.rate:f}",
                "fee_exponent": f"{self.fees.exponent:f}",
                "fee_taker_only": "true" if self.fees.taker_only else "false",
            }
        if (paid := self.payout(self.tokens[index])) is not None:
            said["payout"] = f"{paid:f}"
        return {name: value[:_LONGEST_NAME] for name, value in said.items() if value}


def terms_from_gamma(market: Mapping[str, Any], event: Mapping[str, Any] | None = None) -> MarketTerms | None:
    """A market of the catalogue; None when it has not exactly two outcomes that are traded.

    Args:
        market: As Gamma writes it.
        event: The event in whose list it stood; else its own is used.

    Raises:
        VenueDown: it cannot be read.
    """
    tokens = [str(t) for t in listed(market, "clobTokenIds") or listed(market, "positionIds")]
    outcomes = [str(o) for o in listed(market, "outcomes")]
    condition, slug = text(market, "conditionId"), text(market, "slug")
    if len(outcomes) != 2 or len(set(tokens)) != 2 or len(tokens) != 2 or not condition or not all(map(_is_id, tokens)):
        return None
    about = event if event is not None else next(iter(rows(market, "events")), {})
    payouts = _payouts(market)
    return MarketTerms(
        condition_id=condition,
        slug=slug or condition,
        question=text(market, "question"),
        outcomes=(outcomes[0], outcomes[1]),
        tokens=(tokens[0], tokens[1]),
        tick_size=positive(market, "orderPriceMinTickSize") or _TICK,
        min_size=positive(market, "orderMinSize") or _MIN_SIZE,
        neg_risk=flag(market, "negRisk"),
        status=_status(market, resolved=payouts is not None),
        payouts=payouts,
        fees=_fees(table(market, "feeSchedule"), "rate", "exponent", "takerOnly"),
        delay_seconds=int(number(market, "secondsDelay")),
        end_ns=time_ns(market, "endDate"),
        game_start_ns=time_ns(market, "gameStartTime"),
        event_slug=text(about, "slug"),
        event_title=text(about, "title"),
        # "Other", and places kept free: what they stand for changes when an outcome gets a name of its own.
        placeholder=flag(market, "negRiskOther"),
        group_title=text(market, "groupItemTitle"),
        description=text(market, "description"),
        category=_category(market, about),
        volume=number(market, "volume"),
        volume_24h=number(market, "volume24hr"),
        liquidity=number(market, "liquidity"),
        best_bid=positive(market, "bestBid"),
        best_ask=positive(market, "bestAsk"),
        last=positive(market, "lastTradePrice"),
    )


def exact_terms(terms: MarketTerms, rules: Mapping[str, Any]) -> MarketTerms:
    """The same, with the rules that the order book itself goes by (``/clob-markets``).

    Raises:
        VenueDown: they cannot be read.
    """
    fees = _fees(table(rules, "fd"), "r", "e", "to")
    return attrs.evolve(
        terms,
        tick_size=positive(rules, "mts") or terms.tick_size,
        min_size=positive(rules, "mos") or terms.min_size,
        neg_risk=flag(rules, "nr") if "nr" in rules else terms.neg_risk,
        fees=fees or Fees(rate=ZERO, exponent=ZERO),
        exact=True,
    )


def _is_id(token: str) -> bool:
    return token.isascii() and token.isdigit() and len(token) <= 78


def _fees(schedule: Mapping[str, Any], rate: str, exponent: str, taker_only: str) -> Fees | None:
    charged = amount(schedule, rate)
    if charged is None:
        return None
    power = amount(schedule, exponent)
    return Fees(
        rate=charged,
        exponent=ONE if power is None else power,
        taker_only=schedule.get(taker_only) is not False,
    )


def _status(market: Mapping[str, Any], *, resolved: bool) -> InstrumentStatus:
    if resolved:
        return InstrumentStatus.RESOLVED
    if flag(market, "closed"):
        return InstrumentStatus.EXPIRED
    trading = ("active", "enableOrderBook", "acceptingOrders")
    if flag(market, "archived") or not all(flag(market, name) for name in trading):
        return InstrumentStatus.HALTED
    return InstrumentStatus.TRADING


def _payouts(market: Mapping[str, Any]) -> tuple[Decimal, Decimal] | None:
    """What was paid: of a closed market whose prices are its result, all, nothing or a half each.

    Some old markets say 0 and 0, or paid by a scale: what they paid is not told here.
    """
    if not flag(market, "closed"):
        return None
    prices = [amount({"price": p}, "price") for p in listed(market, "outcomePrices")]
    if len(prices) != 2 or prices[0] is None or prices[1] is None or prices[0] + prices[1] != 1:
        return None
    result = {prices[0], prices[1]}
    said = text(market, "umaResolutionStatus").lower() == "resolved"
    return (prices[0], prices[1]) if said or result <= {ZERO, ONE, HALF} else None


def _category(market: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    tags: Sequence[Mapping[str, Any]] = rows(market, "tags") or rows(event, "tags")
    labels = [text(tag, "label") for tag in tags if not flag(tag, "forceHide")]
    return text(market, "category") or ", ".join(label for label in labels[:4] if label)
