"""The operators' page: signing in shows, deciding takes the token again, and no other site can do either."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from acted import keep_action

from venuekit.console.serve import MOST_BYTES
from venuekit.model.action import ActionStatus
from venuekit.protocols.journal import ApprovalState, Store

pytestmark = pytest.mark.anyio
TOKENS = {name: f"the-token-of-{name}" for name in ("ann", "bob", "bot")}


@pytest.fixture
def url(tmp_path: Path) -> str:
    """One kind of store is enough here: what the pages send to it is what the API sends."""
    return f"sqlite:///{tmp_path / 'venuekit.db'}"


class Tags(HTMLParser):
    """Which tags a page has, and the text that a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_a_stranger_sees_only_where_to_sign_in(browser: Any, waiting: Callable[..., Any]) -> None:
    await waiting()
    for path, to in (("/approvals", "/login"), ("/approvals/apr_1", "/login?to=/approvals/apr_1")):
        asked = await browser.ask("GET", path)
        assert (asked.status, asked.headers["Location"], asked.text) == (303, to, "")
    assert "BUY 1" not in (await browser.ask("GET", "/login?to=/approvals/apr_1")).text


async def test_signing_in_leads_back_to_the_approval_that_was_asked_for(
    browser: Any, waiting: Callable[..., Any]
) -> None:
    await waiting()
    signed = await browser.sign_in("ann", "/approvals/apr_1")
    assert (signed.status, signed.headers["Location"]) == (303, "/approvals/apr_1")
    cookie = signed.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/", "Secure"))
    assert TOKENS["ann"] not in cookie
    shown = await browser.ask("GET", "/approvals/apr_1")
    assert shown.status == 200
    assert "Agent" in Tags(shown.text).text


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/approvals/../x", "/login", "javascript:1"])
async def test_signing_in_leads_nowhere_else(browser: Any, to: str) -> None:
    assert (await browser.sign_in("ann", to)).headers["Location"] == "/approvals"


async def test_a_wrong_token_does_not_sign_in_and_an_agents_is_named(browser: Any) -> None:
    wrong = await browser.form("/login", token="a guess", to="")
    assert (wrong.status, wrong.headers["Set-Cookie"]) == (401, None)
    agents = await browser.form("/login", token=TOKENS["bot"], to="")
    assert (agents.status, agents.headers["Set-Cookie"]) == (403, None)
    assert "agent bot" in agents.text


async def test_a_person_approves_on_the_page_with_the_token(
    browser: Any, store: Store, waiting: Callable[..., Any]
) -> None:
    approval = await waiting()
    await browser.sign_in("ann")
    listed = await browser.ask("GET", "/approvals")
    assert 'href="/approvals/apr_1"' in listed.text
    decided = await browser.decide(approval, TOKENS["ann"], note="fine")
    assert (decided.status, decided.headers["Location"]) == (303, "/approvals/apr_1")
    after = store.approval("apr_1")
    assert after is not None
    assert (after.state, after.decided_by, after.note) == (ApprovalState.APPROVED, "ann (http)", "fine")
    shown = await browser.ask("GET", "/approvals/apr_1")
    assert "approved by ann (http): fine" in Tags(shown.text).text
    assert 'value="approve"' not in shown.text
    assert 'value="reject"' in shown.text, "it can still be stopped"


async def test_the_enter_key_presses_no_approval(browser: Any, waiting: Callable[..., Any]) -> None:
    await waiting()
    await browser.sign_in("ann")
    shown = (await browser.ask("GET", "/approvals/apr_1")).text
    assert re.findall(r'name="decision" value="(\w+)"', shown) == ["reject", "approve"]


async def test_a_session_alone_decides_nothing(browser: Any, store: Store, waiting: Callable[..., Any]) -> None:
    approval = await waiting()
    await browser.sign_in("ann")
    for token in ("", "a guess"):
        refused = await browser.decide(approval, token)
        assert refused.status == 401
        assert 'role="alert"' in refused.text
    assert (await browser.decide(approval, TOKENS["bot"])).status == 403
    assert (await browser.ask("POST", "/api/approvals/apr_1/approve", Content_Type="application/json")).status == 401
    assert store.approval("apr_1") == approval


async def test_the_token_says_who_decides_whoever_signed_in(
    browser: Any, store: Store, waiting: Callable[..., Any]
) -> None:
    approval = await waiting(people=2)
    await browser.sign_in("ann")
    await browser.decide(approval, TOKENS["ann"])
    again = await browser.decide(approval, TOKENS["ann"])
    assert again.status == 409
    assert "has approved it already" in again.text
    assert "1 of 2, by ann (http)" in Tags(again.text).text
    await browser.decide(approval, TOKENS["bob"])
    after = store.approval("apr_1")
    assert after is not None
    assert after.approvers == ("ann (http)", "bob (http)")


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null", "http://localhost"])
async def test_another_sites_form_is_refused_even_with_the_token(
    browser: Any, store: Store, waiting: Callable[..., Any], origin: str
) -> None:
    approval = await waiting()
    fields = {"order_hash": approval.order_hash, "token": TOKENS["ann"], "decision": "approve"}
    refused = await browser.form("/approvals/apr_1", origin=origin, **fields)
    assert refused.status == 403
    assert (await browser.form("/login", origin=origin, token=TOKENS["ann"])).status == 403
    assert store.approval("apr_1") == approval


async def test_a_page_of_another_order_decides_nothing(browser: Any, store: Store, waiting: Callable[..., Any]) -> None:
    approval = await waiting()
    await browser.sign_in("ann")
    for changes in ({"order_hash": "ee" * 32}, {"decision": "maybe"}, {"decision": ""}):
        assert (await browser.decide(approval, TOKENS["ann"], **changes)).status == 400
    assert store.approval("apr_1") == approval


async def test_words_of_others_stay_words(browser: Any, waiting: Callable[..., Any]) -> None:
    await waiting(agent_id="<img src=x onerror=alert(1)>", note='"><script>1</script>')
    await browser.sign_in("ann")
    for path in ("/approvals", "/approvals/apr_1"):
        page = Tags((await browser.ask("GET", path)).text)
        assert not {"script", "img", "b"} & set(page.tags)
        assert "BUY 1 BTC <b>BTC-USD</b>" in page.text
        assert "\u202e" not in page.text
    assert "<script>alert(1)</script>" in page.text


@pytest.mark.parametrize("path", ["/login", "/style.css", "/approvals", "/api/approvals", "/nowhere"])
async def test_no_answer_is_kept_framed_or_run(browser: Any, path: str) -> None:
    headers = (await browser.ask("GET", path)).headers
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Python" not in headers["Server"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:99", 200),
        ("localhost", 200),
        ("desk.example", 200),
        ("evil.example", 403),
        ("", 403),
        ("127.0.0.1.evil.example:80", 403),
        ("[::1]:1", 200),
    ],
)
async def test_it_answers_for_its_own_names_only(browser: Any, host: str, status: int) -> None:
    assert (await browser.ask("GET", "/login", Host=host)).status == status


async def test_signing_out_ends_the_session_also_for_who_kept_the_cookie(
    browser: Any, waiting: Callable[..., Any]
) -> None:
    await browser.sign_in("ann")
    kept = browser.cookie
    await browser.form("/logout")
    browser.cookie = kept
    assert (await browser.ask("GET", "/approvals")).status == 303


async def test_what_is_too_large_or_no_http_is_not_read(browser: Any) -> None:
    large = await browser.ask("POST", "/login", body=b"x" * (MOST_BYTES + 1))
    assert large.status == 413
    assert (await browser.ask("POST", "/login", body=b"x", Content_Length="1_0")).status == 400
    assert (await browser.ask("POST", "/login", Transfer_Encoding="chunked", body=b"0\r\n\r\n")).status == 400
    assert (await browser.ask("DELETE", "/approvals")).status == 501
    assert (await browser.ask("POST", "/approvals")).status == 405
    assert (await browser.ask("HEAD", "/login")).text == ""


async def test_a_client_that_goes_away_leaves_the_others_alone(browser: Any) -> None:
    def leave() -> None:
        with socket.create_connection(("127.0.0.1", browser.port)) as half:
            half.sendall(b"POST /login HTTP/1.0\r\nContent-Length: 100\r\n\r\nto=")

    for _ in range(3):
        await anyio.to_thread.run_sync(leave)
    assert (await browser.ask("GET", "/login")).status == 200


async def test_the_page_of_one_that_is_over_asks_nothing(browser: Any, waiting: Callable[..., Any]) -> None:
    await waiting(state=ApprovalState.VOID, replaced_by="apr_2", note="the price moved from 1 to 2")
    await browser.sign_in("ann")
    shown = (await browser.ask("GET", "/approvals/apr_1")).text
    assert not re.search(r'name="decision"', shown)
    assert 'href="/approvals/apr_2"' in shown
    assert "the price moved from 1 to 2; apr_2 asks anew" in Tags(shown).text


async def test_a_call_of_a_venues_tool_is_shown_in_words_with_its_arguments_and_decided_alike(
    browser: Any, store: Store, waiting: Callable[..., Any]
) -> None:
    asked = {"tool": "convert", "arguments": {"give": "10 <i>USD</i>", "get": "EUR"}, "reason": "travel"}
    approval = await waiting(
        tool="convert",
        order=asked,
        order_id="act1",
        summary="Convert 10 USD into EUR, up to 10 USD",
        reference_price=None,
    )
    await keep_action(store, id="act1", approval_id=approval.id, status=ActionStatus.PENDING_APPROVAL)
    await browser.sign_in("ann")
    page = await browser.ask("GET", "/approvals/apr_1")
    seen = Tags(page.text)
    assert "i" not in seen.tags
    for words in ("Convert 10 USD into EUR, up to 10 USD", "10 <i>USD</i>", "travel", "lock is PENDING_APPROVAL"):
        assert words in seen.text
    assert "Market then" not in seen.text
    assert (await browser.decide(approval, TOKENS["ann"])).status == 303
    decided = store.approval(approval.id)
    assert decided is not None
    assert decided.state is ApprovalState.APPROVED


async def test_the_api_tells_what_became_of_an_action(browser: Any, store: Store, waiting: Callable[..., Any]) -> None:
    asked = {"tool": "lock", "arguments": {"amount": "10"}, "reason": ""}
    await waiting(tool="lock", order=asked, order_id="act1")
    await keep_action(store, id="act1", approval_id="apr_1", status=ActionStatus.DONE)
    answer = await browser.api("POST", "/api/approvals/apr_1/approve", TOKENS["ann"], {})
    assert (answer.json["action"]["id"], answer.json["action"]["status"], answer.json["order"]) == (
        "act1",
        "DONE",
        None,
    )
