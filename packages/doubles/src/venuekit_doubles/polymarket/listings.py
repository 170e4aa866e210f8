"""What is listed: events, their two-outcome markets, and the rules each market trades by."""

from __future__ import annotations

from decimal import Decimal

import attrs
from eth_utils.crypto import keccak

from venuekit.adapter import ZERO, Side
from venuekit_doubles.polymarket.contracts import exchange_of

D = Decimal
#: Prices count ten-thousandths of a dollar, sizes and money millionths, inside the double.
PRICE_ONE = 10_000
MILLION = 1_000_000
CENT, HALF, FIVE, MANY = D("0.01"), D("0.5"), D(5), D(400)


@attrs.frozen(kw_only=True)
class Event:
    """A question, or several that belong together."""

    slug: str
    title: str
    #: Tags, by slug and label.
    tags: tuple[tuple[str, str], ...] = ()
    description: str = ""
    neg_risk: bool = False


@attrs.frozen(kw_only=True)
class Listing:
    """A market as it is listed. Prices are the first outcome's."""

    slug: str
    question: str
    event: Event
    outcomes: tuple[str, str] = ("Yes", "No")
    tick: Decimal = CENT
    min_size: Decimal = FIVE
    #: Whether its tokens are the newer position ids, which another exchange contract trades.
    positions: bool = False
    fee_rate: Decimal = ZERO
    fee_exponent: int = 1
    #: Seconds that orders which would trade wait first, as in sports.
    delay_seconds: int = 0
    start: Decimal = HALF
    #: Distance of the simulated quotes' levels, and their typical size in shares.
    spacing: Decimal = CENT
    size: Decimal = MANY
    #: The label within an event of several markets.
    group_title: str = ""
    game_start: str | None = None
    end_date: str = "2027-12-31T12:00:00Z"
    #: What a share of each outcome paid, when it was resolved before it was listed here.
    payouts: tuple[Decimal, Decimal] | None = None

    @property
    def condition_id(self) -> str:
        """The market's id on chain; of position ids it has 31 bytes."""
        seed = keccak(f"condition {self.slug}".encode())
        return f"0x{_position_stem(seed)}" if self.positions else f"0x{seed.hex()}"

    @property
    def question_id(self) -> str:
        """The question's id on chain."""
        return f"0x{keccak(f'question {self.slug}'.encode()).hex()}"

    @property
    def tokens(self) -> tuple[str, str]:
        """The outcomes' token ids."""
        if self.positions:
            stem = _position_stem(keccak(f"condition {self.slug}".encode()))
            return str(int(f"{stem}00", 16)), str(int(f"{stem}01", 16))
        first, second = (int.from_bytes(keccak(f"token {self.slug} {n}".encode()), "big") for n in (0, 1))
        return str(first), str(second)

    @property
    def market_id(self) -> str:
        """Its number at Gamma."""
        return str(500_000 + int.from_bytes(keccak(self.slug.encode())[:3], "big"))


def _position_stem(seed: bytes) -> str:
    """31 bytes in hex of a position id: its module, 18 bytes of its own, 8 that are zero, 4 more."""
    return f"01{seed[:18].hex()}{'00' * 8}{seed[18:22].hex()}"


class Listed:
    """A listed market as it is now."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.slug, self.condition_id, self.tokens = listing.slug, listing.condition_id, listing.tokens
        self.neg_risk = listing.event.neg_risk
        self.tick = listing.tick
        #: What a share of each outcome pays, once that is known.
        self.payouts = listing.payouts
        self.resolved_ns: int | None = None
        self.delay_seconds = listing.delay_seconds
        #: When its book changed last.
        self.changed_ns = 0

    @property
    def closed(self) -> bool:
        """Whether it is resolved."""
        return self.payouts is not None

    @property
    def contract(self) -> tuple[str, str]:
        """The contract its orders are signed for, and its domain's version."""
        return exchange_of(self.tokens[0], neg_risk=self.neg_risk)

    def book_side(self, token: int, side: Side) -> int:
        """Where an order rests in the one book of both outcomes: +1 with the bids, -1 with the asks."""
        return side.sign if token == 0 else -side.sign

    @staticmethod
    def book_price(token: int, price: int) -> int:
        """A price of an outcome as one of the first outcome, and back."""
        return price if token == 0 else PRICE_ONE - price

    def fee(self, shares: int, price: int) -> int:
        """What the taker of a trade pays, in millionths of a dollar, to 5 decimal places."""
        p = D(price) / PRICE_ONE
        exact = D(shares) / MILLION * self.listing.fee_rate * (p * (1 - p)) ** self.listing.fee_exponent
        return int(exact.quantize(D("0.00001")).scaleb(6))


FED = Event(
    slug="fed-decision-in-december",
    title="Fed decision in December?",
    tags=(("economy", "Economy"), ("fed-rates", "Fed Rates")),
    description="Resolves by the statement of the December meeting.",
)
NOMINEE = Event(
    slug="presidential-nominee-2028",
    title="Who will be nominated in 2028?",
    tags=(("politics", "Politics"), ("elections", "Elections")),
    description="At most one of these resolves to Yes.",
    neg_risk=True,
)
BITCOIN = Event(slug="bitcoin-above-150k", title="Bitcoin above $150k on December 31?", tags=(("crypto", "Crypto"),))
GAME = Event(slug="nba-lal-bos", title="Lakers vs. Celtics", tags=(("sports", "Sports"), ("nba", "NBA")))
RAIN = Event(slug="rain-in-london", title="Rain in London tomorrow?", tags=(("weather", "Weather"),))
OLD = Event(slug="ether-above-5k-2025", title="Ether above $5k in 2025?", tags=(("crypto", "Crypto"),))


def default_listings() -> list[Listing]:
    """A market of every kind: standard, negative risk, fine ticks, sports, position ids, and one that is over."""

    def nominee(name: str, start: str, tick: str) -> Listing:
        return Listing(
            slug=f"will-{name.lower()}-be-nominated-in-2028",
            question=f"Will {name} be nominated in 2028?",
            event=NOMINEE,
            group_title=name,
            start=D(start),
            tick=D(tick),
            fee_rate=D("0.04"),
        )

    return [
        Listing(
            slug="fed-cuts-in-december",
            question="Will the Fed cut rates in December?",
            event=FED,
            start=D("0.62"),
            fee_rate=D("0.04"),
        ),
        nominee("Alpha", "0.35", "0.01"),
        nominee("Bravo", "0.22", "0.01"),
        nominee("Charlie", "0.08", "0.001"),
        Listing(
            slug="bitcoin-above-150k-december-31",
            question="Will Bitcoin be above $150,000 on December 31?",
            event=BITCOIN,
            tick=D("0.001"),
            start=D("0.41"),
            spacing=D("0.001"),
            fee_rate=D("0.07"),
        ),
        Listing(
            slug="nba-lal-bos-moneyline",
            question="Lakers vs. Celtics",
            event=GAME,
            outcomes=("Lakers", "Celtics"),
            start=D("0.48"),
            fee_rate=D("0.03"),
            delay_seconds=3,
            game_start="2027-12-25T20:00:00Z",
        ),
        Listing(
            slug="rain-in-london-tomorrow",
            question="Will it rain in London tomorrow?",
            event=RAIN,
            positions=True,
            start=D("0.55"),
            fee_rate=D("0.05"),
        ),
        Listing(
            slug="ether-above-5k-in-2025",
            question="Will Ether be above $5,000 in 2025?",
            event=OLD,
            payouts=(D(0), D(1)),
            end_date="2025-12-31T12:00:00Z",
        ),
    ]
