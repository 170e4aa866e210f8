"""Advanced Trade's US futures (``cfm``): positions, balance and margin, to read."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from venuekit.adapter import NANOS, InstrumentKind, Position, iso, parse_decimal, plain
from venuekit_doubles.coinbase import account_words as words
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.ids import named
from venuekit_doubles.coinbase.seat import Seat
from venuekit_doubles.coinbase.wire import KEY, PREFIX, Refusal, Route, body_of, invalid

_DAY_NS = 86_400 * NANOS
_SETTINGS = ("INTRADAY_MARGIN_SETTING_STANDARD", "INTRADAY_MARGIN_SETTING_INTRADAY")


class Futures:
    """Futures of whoever asks: the exchange's perpetuals. Spot and futures are one pot of money here."""

    def __init__(self, backing: Backing) -> None:
        self._backing = backing
        #: Sweeps that were scheduled, and margin settings, by account. They change nothing: it is one pot of money.
        self._sweeps: dict[str, dict[str, Any]] = {}
        self._settings: dict[str, str] = {}

    def routes(self) -> list[Route]:
        """Every endpoint."""
        return [
            Route("GET", f"{PREFIX}/cfm/positions", self._get_positions, "futures"),
            Route("GET", f"{PREFIX}/cfm/positions/{{id}}", self._get_position, "future"),
            Route("GET", f"{PREFIX}/cfm/balance_summary", self._get_balance, "futures_balance"),
            Route("GET", f"{PREFIX}/cfm/sweeps", self._get_sweeps, "sweeps"),
            Route("POST", f"{PREFIX}/cfm/sweeps/schedule", self._post_sweep, "sweep", trades=True),
            Route("DELETE", f"{PREFIX}/cfm/sweeps", self._delete_sweep, "sweep_cancel", trades=True),
            Route("GET", f"{PREFIX}/cfm/intraday/margin_setting", self._get_margin_setting, "margin_setting"),
            Route(
                "POST", f"{PREFIX}/cfm/intraday/margin_setting", self._post_margin_setting, "margin_set", trades=True
            ),
            Route("GET", f"{PREFIX}/cfm/intraday/current_margin_window", self._get_margin_window, "margin_window"),
        ]

    def _seat(self, request: web.Request) -> Seat:
        return self._backing.seat(request[KEY].account)

    async def positions(self, seat: Seat) -> list[Position]:
        """An account's positions in futures."""
        kinds = {i.id: i.kind for i in await self._backing.instruments()}
        return [p for p in seat.positions() if kinds.get(p.instrument) is InstrumentKind.PERPETUAL]

    async def balance(self, seat: Seat) -> dict[str, Any]:
        """An account's balance for futures."""
        return words.futures_balance(seat.balances().get("USD"), await self.positions(seat))

    async def _get_positions(self, request: web.Request) -> Any:
        return {"positions": [words.future(p) for p in await self.positions(self._seat(request))]}

    async def _get_position(self, request: web.Request) -> Any:
        for position in await self.positions(self._seat(request)):
            if position.instrument == request.match_info["id"]:
                return {"position": words.future(position)}
        raise Refusal(404, "NOT_FOUND", "position not found")

    async def _get_balance(self, request: web.Request) -> Any:
        return {"balance_summary": await self.balance(self._seat(request))}

    async def _get_sweeps(self, request: web.Request) -> Any:
        sweep = self._sweeps.get(request[KEY].account)
        return {"sweeps": [sweep] if sweep is not None else []}

    async def _post_sweep(self, request: web.Request) -> Any:
        account = request[KEY].account
        if account in self._sweeps:
            raise invalid("there is a pending sweep")
        amount = str((await body_of(request)).get("usd_amount") or "0")
        asked = {"value": plain(parse_decimal(amount, field="usd_amount")), "currency": "USD"}
        now = iso(self._backing.now_ns())
        number = named("sweep", account, now)
        self._sweeps[account] = {
            "id": number,
            "requested_amount": asked,
            "should_sweep_all": asked["value"] == "0",
            "status": "PENDING",
            "scheduled_time": now,
        }
        return {"success": True}

    async def _delete_sweep(self, request: web.Request) -> Any:
        if self._sweeps.pop(request[KEY].account, None) is None:
            raise Refusal(404, "NOT_FOUND", "there is no pending sweep")
        return {"success": True}

    async def _get_margin_setting(self, request: web.Request) -> Any:
        return {"setting": self._settings.get(request[KEY].account, _SETTINGS[0])}

    async def _post_margin_setting(self, request: web.Request) -> Any:
        setting = (await body_of(request)).get("setting")
        if setting not in _SETTINGS:
            raise invalid(f"setting must be one of {', '.join(_SETTINGS)}")
        self._settings[request[KEY].account] = str(setting)
        return {}

    async def _get_margin_window(self, _: web.Request) -> Any:
        midnight = (self._backing.now_ns() // _DAY_NS + 1) * _DAY_NS
        window = {"margin_window_type": "FCM_MARGIN_WINDOW_TYPE_OVERNIGHT", "end_time": iso(midnight)}
        return {
            "margin_window": window,
            "is_intraday_margin_killswitch_enabled": False,
            "is_intraday_margin_enrollment_killswitch_enabled": False,
        }
