from __future__ import annotations

import time

import aiohttp
import pytest
from official import Stream
from raw import Wire

from venuekit_doubles.polymarket import Account, PolymarketDouble

pytestmark = pytest.mark.anyio
OTHER = Account.named("counterparty")
NEW = Account.named("somebody new")
OLD = str(int(time.time()) - 3600)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"POLY_API_KEY": "nobody"}, "no such API key"),
        ({"POLY_ADDRESS": OTHER.address}, "the key is another address's"),
        ({"POLY_PASSPHRASE": "wrong"}, "wrong passphrase"),
        ({"POLY_SIGNATURE": "d3Jvbmc="}, "wrong signature"),
        ({"POLY_TIMESTAMP": OLD}, "the time is too far from the venue's"),
        ({"POLY_TIMESTAMP": "0"}, "the time is too far from the venue's"),
    ],
)
async def test_wrong_headers_let_nobody_in(double: PolymarketDouble, changes: dict[str, str], why: str) -> None:
    async with Wire.to(double) as wire:
        answer = await wire.ask("GET", "/data/orders", headers=wire.headers("GET", "/data/orders", **changes))
    assert (answer.status, answer.error) == (401, "Unauthorized/Invalid api key")
    assert list(double.refused_headers) == [why]
    assert [asked.authorized for asked in double.requests] == [False]


@pytest.mark.parametrize(
    "signed", [("POST", "/data/orders", ""), ("GET", "/data/trades", ""), ("GET", "/data/orders", "x")]
)
async def test_a_signature_is_of_one_method_path_and_body(
    double: PolymarketDouble, signed: tuple[str, str, str]
) -> None:
    async with Wire.to(double) as wire:
        answer = await wire.ask("GET", "/data/orders", headers=wire.headers(*signed))
    assert answer.status == 401


async def test_the_query_is_not_signed(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        assert (await wire.ask("GET", "/data/orders", query="?market=0x00")).status == 200


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"POLY_ADDRESS": OTHER.address}, "signed by another key"),
        ({"POLY_NONCE": "1"}, "signed by another key"),
        ({"POLY_SIGNATURE": "0x12"}, "signed by another key"),
        ({"POLY_SIGNATURE": "hello"}, "the signature is not hexadecimal"),
        ({"POLY_TIMESTAMP": OLD}, "the time is too far from the venue's"),
        ({"POLY_ADDRESS": "me"}, "no address, or no nonce"),
    ],
)
async def test_a_forged_log_in_makes_no_key(double: PolymarketDouble, changes: dict[str, str], why: str) -> None:
    async with Wire.to(double) as wire:
        answer = await wire.ask("POST", "/auth/api-key", headers=wire.login(NEW, **changes))
    assert (answer.status, answer.error) == (401, "Invalid L1 Request headers")
    assert list(double.refused_headers) == [why]


async def test_a_log_in_makes_a_key_once_and_derives_it_ever_after(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        early = await wire.ask("GET", "/auth/derive-api-key", headers=wire.login(NEW))
        assert (early.status, early.error) == (400, "Could not derive api key!")
        made = await wire.ask("POST", "/auth/api-key", headers=wire.login(NEW))
        assert set(made.body) == {"apiKey", "secret", "passphrase"}
        again = await wire.ask("POST", "/auth/api-key", headers=wire.login(NEW))
        assert (again.status, again.error) == (400, "Could not create api key")
        assert (await wire.ask("GET", "/auth/derive-api-key", headers=wire.login(NEW))).body == made.body


async def test_a_deleted_key_opens_nothing(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        assert (await wire.ask("GET", "/auth/api-keys")).body == {"apiKeys": [double.account.credentials.key]}
        assert (await wire.ask("DELETE", "/auth/api-key")).body == "OK"
        assert (await wire.ask("GET", "/auth/api-keys")).status == 401


@pytest.mark.parametrize("name", ["apiKey", "secret", "passphrase"])
async def test_the_user_channel_closes_on_wrong_credentials(double: PolymarketDouble, name: str) -> None:
    wrong = {**double.account.credentials.answer(), name: "wrong"}
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{double.ws_url}/ws/user") as socket:
        await socket.send_json({"type": "user", "auth": wrong, "markets": []})
        assert (await socket.receive(timeout=60)).type is aiohttp.WSMsgType.CLOSE


async def test_one_account_hears_nothing_of_another(double: PolymarketDouble) -> None:
    stranger = double.add_account(NEW)
    async with Stream.user(double, stranger) as theirs, Stream.user(double) as mine, Wire.to(double) as wire:
        await double.subscribed(users=2)
        await wire.post(wire.draft())
        assert (await mine.kind("order"))["type"] == "PLACEMENT"
        await theirs.socket.send_str("PING")
        assert await theirs.text() == "PONG"


async def test_what_was_asked_is_on_record(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        await wire.ask("GET", "/time", headers={})
        await wire.post(wire.draft())
        await wire.ask("GET", "/data/orders", query="?id=0x1")
    seen = [(asked.endpoint, asked.status, asked.authorized, asked.signed) for asked in double.requests]
    assert seen == [("time", 200, False, False), ("post_order", 200, True, True), ("data_orders", 200, True, False)]
    assert double.requests[-1].query == "id=0x1"


async def test_what_was_private_and_what_could_have_changed_something_is_told_apart(double: PolymarketDouble) -> None:
    async with Wire.to(double) as wire:
        await wire.ask("GET", "/time", headers={})
        await wire.ask("POST", "/books", [], headers={})
        await wire.ask("POST", "/rpc", {"id": 1, "method": "eth_chainId", "params": []}, headers={})
        await wire.ask("GET", "/data/orders", headers={})
        assert [asked.endpoint for asked in double.private] == ["data_orders"], "also where it was not let in"
        assert double.mutating == []
        await wire.post(wire.draft())
        await wire.ask("DELETE", "/cancel-all")
        await wire.ask("POST", "/v1/heartbeats", {"heartbeat_id": ""})
        await wire.ask("POST", "/relayer/submit", {}, headers={})
        await wire.ask("POST", "/rpc", {"id": 1, "method": "eth_sendRawTransaction", "params": ["0x"]}, headers={})
    changes = ["post_order", "cancel_all", "heartbeat", "relayer_submit", "rpc"]
    assert [asked.endpoint for asked in double.mutating] == changes
    double.forget()
    assert not double.requests
