"""Converting one currency into another: a quote, which only shows, and taking one, which a person approves."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from venuekit.adapter import (
    NANOS,
    Explained,
    Extra,
    InvalidValue,
    OutcomeUnknown,
    Rejected,
    plain,
    positive_amount,
)
from venuekit_coinbase.reading import amount, table, text

if TYPE_CHECKING:  # the SDK behind it is large
    from venuekit_coinbase.adapter import CoinbaseVenue

TOOLSET = "coinbase"
_LONGEST_ID = 64
_OPEN = "TRADE_STATUS_CREATED"
_TAKEN = ("TRADE_STATUS_STARTED", "TRADE_STATUS_COMPLETED")
_CANCELED = "TRADE_STATUS_CANCELED"
#: A quote that is still not taken so long after its answer was lost was not taken.
_SETTLED_AFTER_NS = 60 * NANOS


def _doc(text: str) -> dict[str, str]:
    return {"doc": text}


@attrs.frozen(kw_only=True)
class QuoteConversion:
    """What to convert."""

    source: str = attrs.field(metadata=_doc("Currency to give, such as USDC."))
    target: str = attrs.field(metadata=_doc("Currency to get, such as USD."))
    amount: Decimal = attrs.field(metadata=_doc("How much to give."))


@attrs.frozen(kw_only=True)
class ConversionQuote:
    """A quote. Coinbase keeps its terms for a short while; commit_conversion takes it."""

    quote_id: str = attrs.field(metadata=_doc("For commit_conversion."))
    rate: Decimal | None = attrs.field(metadata=_doc("What one unit of target costs in source."))
    gives: Decimal | None = attrs.field(metadata=_doc("What would be given, in source."))
    gets: Decimal | None = attrs.field(metadata=_doc("What would come, in target."))
    fee: Decimal | None = attrs.field(metadata=_doc("Fee, in the currency that Coinbase tells."))


@attrs.frozen(kw_only=True)
class CommitConversion:
    """Which quote to take."""

    quote_id: str = attrs.field(metadata=_doc("Of quote_conversion."))
    source: str = attrs.field(metadata=_doc("Currency to give, as quoted."))
    target: str = attrs.field(metadata=_doc("Currency to get, as quoted."))


@attrs.frozen(kw_only=True)
class Conversion:
    """What was converted."""

    quote_id: str = attrs.field(metadata=_doc("The quote that was taken."))
    status: str = attrs.field(metadata=_doc("COMPLETED, or STARTED while Coinbase settles it."))
    gave: Decimal | None = attrs.field(metadata=_doc("In source."))
    got: Decimal | None = attrs.field(metadata=_doc("In target."))
    fee: Decimal | None = attrs.field(metadata=_doc("Fee, in the currency that Coinbase tells."))


async def _wallets(venue: CoinbaseVenue, source: str, target: str) -> tuple[str, str]:
    """The ids of the portfolio's two wallets.

    Raises:
        InvalidValue: it has none of a currency.
    """
    found: dict[str, str] = {}
    async for page, _ in venue.api.pages(venue.api.sdk.get_accounts, "accounts", limit=250):
        found |= {text(row, "currency"): text(row, "uuid") for row in page if row.get("active") is not False}
    for field, currency in (("source", source), ("target", target)):
        if currency.upper() not in found:
            raise InvalidValue(f"The portfolio has no wallet of {currency[:20]!r}.", field=field)
    return found[source.upper()], found[target.upper()]


async def _quote(venue: CoinbaseVenue, asked: QuoteConversion) -> ConversionQuote:
    positive_amount(asked.amount, field="amount")
    source, target = await _wallets(venue, asked.source, asked.target)
    body = await venue.api.question(
        venue.api.sdk.create_convert_quote, from_account=source, to_account=target, amount=plain(asked.amount)
    )
    trade = table(body, "trade")
    return ConversionQuote(
        quote_id=text(trade, "id"),
        rate=amount(table(table(table(trade, "unit_price"), "target_to_source"), "amount"), "value"),
        gives=_gives(trade),
        gets=_gets(trade),
        fee=_fee(trade),
    )


def _gives(trade: Mapping[str, Any]) -> Decimal | None:
    return amount(table(trade, "user_entered_amount"), "value")


def _gets(trade: Mapping[str, Any]) -> Decimal | None:
    return amount(table(trade, "total"), "value")


def _fee(trade: Mapping[str, Any]) -> Decimal | None:
    return amount(table(table(trade, "total_fee"), "amount"), "value")


async def _trade(venue: CoinbaseVenue, quote_id: str, source: str, target: str) -> Mapping[str, Any]:
    """The quote as Coinbase has it now; `source` and `target` are wallets.

    Raises:
        InvalidValue: there is none of this id.
    """
    missing = InvalidValue(
        f"Coinbase has no quote {quote_id[:_LONGEST_ID]!r}; they are kept for a short while.",
        fix="Ask for another with quote_conversion.",
        field="quote_id",
    )
    api = venue.api
    body = await api.ask(
        api.sdk.get_convert_trade, missing=missing, trade_id=quote_id, from_account=source, to_account=target
    )
    return table(body, "trade")


async def _explain(venue: CoinbaseVenue, asked: CommitConversion) -> Explained:
    """The quote in words: its terms are Coinbase's, and do not move while a person decides."""
    if not asked.quote_id.isascii() or not asked.quote_id.replace("-", "").isalnum():
        raise InvalidValue("quote_id is the one of quote_conversion.", field="quote_id")
    trade = await _trade(venue, asked.quote_id, *await _wallets(venue, asked.source, asked.target))
    for field, given in (("source", asked.source), ("target", asked.target)):
        if text(trade, f"{field}_currency") != given.upper():
            raise InvalidValue(f"The quote is not for {given[:20]!r}.", field=field)
    if text(trade, "status") != _OPEN:
        raise Rejected(
            f"The quote cannot be taken: Coinbase calls it {text(trade, 'status')[:40]}.",
            fix="Ask for another with quote_conversion.",
        )
    gives, gets, fee = _gives(trade), _gets(trade), _fee(trade)
    if gives is None or gets is None:
        raise Rejected("The quote does not say what it gives and gets.", fix="Ask for another with quote_conversion.")
    source, target = asked.source.upper(), asked.target.upper()
    cost = "the fee is not told" if fee is None else f"fee {plain(fee)}"
    return Explained(
        sentence=f"Convert {plain(gives)} {source} into {plain(gets)} {target} (quote {asked.quote_id}, {cost})",
        worth=gives,
        currency=source,
    )


async def _prepare(venue: CoinbaseVenue, asked: CommitConversion, _: str) -> Mapping[str, str]:
    """A quote is taken once, whoever asks how often: its id is what the call is known by."""
    source, target = await _wallets(venue, asked.source, asked.target)
    now_ns = await venue.server_time_ns()
    return {"quote_id": asked.quote_id, "from": source, "to": target, "sent_ns": str(now_ns)}


async def _commit(venue: CoinbaseVenue, asked: CommitConversion, reference: Mapping[str, str]) -> Conversion:
    api = venue.api
    body = await api.ask(
        api.sdk.commit_convert_trade,
        trade_id=asked.quote_id,
        from_account=reference["from"],
        to_account=reference["to"],
    )
    found = _converted(asked, table(body, "trade"))
    if found is None:
        raise OutcomeUnknown("Coinbase's answer does not say whether it was converted.", fix="See the wallets.")
    return found


def _converted(asked: CommitConversion, trade: Mapping[str, Any]) -> Conversion | None:
    """What a quote that was taken came to; None for one of which that cannot be said.

    Raises:
        Rejected: Coinbase canceled it.
    """
    status = text(trade, "status")
    if status == _CANCELED:
        why = text(table(trade, "cancellation_reason"), "message")[:200]
        raise Rejected("Coinbase canceled the conversion" + (f": {why}" if why else "") + ".")
    if status not in _TAKEN:
        return None
    return Conversion(
        quote_id=asked.quote_id,
        status=status.removeprefix("TRADE_STATUS_"),
        gave=_gives(trade),
        got=_gets(trade),
        fee=_fee(trade),
    )


async def _find_out(venue: CoinbaseVenue, asked: CommitConversion, reference: Mapping[str, str]) -> Conversion | None:
    trade = await _trade(venue, asked.quote_id, reference["from"], reference["to"])
    found = _converted(asked, trade)
    if found is None and text(trade, "status") == _OPEN:
        waited = await venue.server_time_ns() - int(reference["sent_ns"])
        if waited > _SETTLED_AFTER_NS:
            raise Rejected("Coinbase still has the quote as not taken a minute later.")
    return found


CONVERSIONS = (
    Extra(
        name="quote_conversion",
        toolset=TOOLSET,
        title="Quote a conversion",
        description="What converting one currency into another would bring, such as USDC into USD. Converts nothing.",
        arguments=QuoteConversion,
        result=ConversionQuote,
        call=_quote,
    ),
    Extra(
        name="commit_conversion",
        toolset=TOOLSET,
        title="Take a conversion quote",
        description="Convert as quoted, at once.",
        arguments=CommitConversion,
        result=Conversion,
        call=_commit,
        mutates=True,
        explain=_explain,
        prepare=_prepare,
        find_out=_find_out,
    ),
)
