"""Own fills: read from the venue once, kept, and told whenever one becomes final or is undone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from venuekit.adapter import NANOS, Event, Fill, FillEvent, FillState, Instrument, VenueDown, VenuekitError
from venuekit_polymarket.api import Api
from venuekit_polymarket.capabilities import LEDGER, VENUE
from venuekit_polymarket.kept_rows import KeptFill
from venuekit_polymarket.reading import rows, text
from venuekit_polymarket.records import Records
from venuekit_polymarket.trades import Reader

log = logging.getLogger("venuekit.polymarket")

#: Cursors of the venue's lists: the first page, and that there is no more.
FIRST, END = "MA==", "LTE="
#: A list that goes on after so many pages is not read to its end.
_MOST_PAGES = 1_000
#: What was read before is read again from so long before its end: a trade may be told late.
_OVERLAP_SECONDS = 120
#: So many trades that are long on their way are asked for one by one, each time.
_MOST_LATE = 20
_FROM, _TO = "trades_from_s", "trades_to_s"


class Ledger:
    """The fills of one account. `one` finds an instrument, whose fees a fill has."""

    def __init__(self, api: Api, records: Records, one: Callable[[str], Awaitable[Instrument]]) -> None:
        self._api = api
        self._records = records
        self._one = one
        self._turn = asyncio.Lock()
        #: How many have asked to be up to date, and up to which of them the last reading serves.
        self._asked = self._served = 0
        self._reader: Reader | None = None

    def begin(self, reader: Reader) -> None:
        """Who we are is known."""
        self._reader = reader

    # -- what is told

    def told(self, trade: Mapping[str, Any]) -> Sequence[Event]:
        """Take in a trade of the user channel; its fills as they are known now, also those that are no news here.

        What a stream has told already, it knows itself: here they may have been read from a list before. A fill of a
        market that is not known yet has no fee until the trade is asked for.

        Raises:
            VenueDown: it lacks what a fill must have.
        """
        assert self._reader is not None
        names = [kept.fill.id for kept in self._reader.fills(trade)]
        self._take([trade])
        fills = [kept.fill for name in names if (kept := self._records.fill(name)) is not None]
        return [FillEvent(venue=VENUE, instrument=f.instrument, time_ns=f.time_ns, fill=f) for f in fills]

    def _take(self, trades: Sequence[Mapping[str, Any]]) -> list[Fill]:
        assert self._reader is not None
        news: list[KeptFill] = []
        changed: dict[str, KeptFill] = {}
        for trade in trades:
            for kept in self._reader.fills(trade):
                known = changed.get(kept.fill.id) or self._records.fill(kept.fill.id)
                if known is not None and known.fill.state is not FillState.PROVISIONAL:
                    continue  # what is final stays so, however late an older word of it comes
                if known is None or known.fill.state is not kept.fill.state:
                    news.append(kept)
                elif known.mined == kept.mined and known.fill == kept.fill:
                    continue
                changed[kept.fill.id] = kept
        if changed:
            self._records.put_fills(list(changed.values()))
        for kept in news:
            if kept.fill.state is FillState.REVERSED:
                log.warning("Trade %s failed on the chain: its fill is undone.", kept.trade_id)
        return [kept.fill for kept in news]

    async def _learn(self, trades: Sequence[Mapping[str, Any]]) -> None:
        """Know the markets of these trades, for their fees."""
        tokens = {text(t, "asset_id") for t in trades}
        tokens |= {text(row, "asset_id") for t in trades for row in rows(t, "maker_orders")}
        for token in sorted(tokens - {""}):
            try:
                await self._one(token)
            except VenuekitError as error:
                log.info("The market of %s is not known, so a fill of it has no fee: %s", token, error)

    # -- what is asked for

    async def cover(self, since_ns: int) -> None:
        """Know every own trade since a time; what was read before is not read again but for the last minutes.

        Raises:
            Unavailable: the venue cannot be asked now.
        """
        start = max(0, since_ns // NANOS - 1)
        self._asked += 1
        mine = self._asked
        async with self._turn:
            begin, end = self._records.note(_FROM), self._records.note(_TO)
            if self._served >= mine and begin is not None and begin <= start:
                return  # whoever waits for the turn shares the next reading
            serves = self._asked
            if begin is None or end is None:
                newest = await self._read(start, None)
                self._records.write({_FROM: start, _TO: max(start, newest)})
            else:
                newest = await self._read(end - _OVERLAP_SECONDS, None)
                self._records.write({_TO: max(end, newest)})
                if start < begin:
                    await self._read(start, begin + 1)
                    self._records.write({_FROM: start})
                await self._look_after(end - _OVERLAP_SECONDS)
            self._served = serves

    async def _look_after(self, before_s: int) -> None:
        """Ask for trades that were on their way when last told of, and are too old to be in what was just read."""
        late = {kept.trade_id for kept in self._records.pending() if kept.fill.time_ns < before_s * NANOS}
        for trade_id in sorted(late)[:_MOST_LATE]:
            await self._page(id=trade_id)

    async def _read(self, after_s: int, before_s: int | None) -> int:
        """Take in the trades of a span; the time of the newest, in seconds."""
        found: list[Mapping[str, Any]] = []
        cursor: str | None = FIRST
        for _ in range(_MOST_PAGES):
            page, cursor = await self._list(after=max(0, after_s), before=before_s, next_cursor=cursor)
            found += page
            if cursor is None:
                break
        else:
            raise VenueDown("The account has more trades than can be read at once.", fix="Ask from a later time on.")
        await self._learn(found)
        # The list begins with the newest: the other way round, later rows are of later trades.
        fills = self._take(found[::-1])
        return max((fill.time_ns // NANOS for fill in fills), default=0)

    async def _page(self, **query: Any) -> None:
        page, _ = await self._list(**query)
        await self._learn(page)
        self._take(page)

    async def _list(self, **query: Any) -> tuple[list[Mapping[str, Any]], str | None]:
        return await pages(self._api, "/data/trades", **query)


async def pages(api: Api, path: str, **query: Any) -> tuple[list[Mapping[str, Any]], str | None]:
    """One page of a list of the venue's, and the cursor of the next; None after the last."""
    body = await api.own(path, budget=LEDGER, **query)
    if isinstance(body, list):
        return [row for row in body if isinstance(row, Mapping)], None
    found = list(rows(body, "data"))
    following = text(body, "next_cursor") if isinstance(body, Mapping) else ""
    return found, following if following not in ("", END, query.get("next_cursor")) else None
