"""The page in a real browser, where one is installed: what a person sees and presses, and what the browser refuses."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from venuekit.protocols.journal import ApprovalState, Store

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.anyio, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")]
TOKENS = {name: f"the-token-of-{name}" for name in ("ann", "bob", "bot")}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'venuekit.db'}"


@pytest.fixture
async def tab(browser: Any) -> AsyncIterator[Any]:
    """A tab of a new browser, and what its console complained of."""
    async with playwright.async_playwright() as tool:
        chromium = await tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await chromium.new_page(base_url=f"http://127.0.0.1:{browser.port}")
        yield page
        await chromium.close()


async def test_two_people_approve_on_the_page(tab: Any, store: Store, waiting: Callable[..., Any]) -> None:
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("dialog", lambda dialog: complaints.append(dialog.message))
    await waiting(people=2)
    await tab.goto("/approvals/apr_1")
    assert tab.url.endswith("/login?to=/approvals/apr_1")
    await tab.get_by_label("Operator token").fill(TOKENS["ann"])
    await tab.get_by_role("button", name="Sign in").click()
    await tab.wait_for_url("**/approvals/apr_1")
    assert "<script>alert(1)</script>" in await tab.locator("blockquote").inner_text()
    for name in ("ann", "bob"):
        await tab.get_by_label("Note").fill(f"{name} agrees")
        await tab.get_by_label("Your token").fill(TOKENS[name])
        await tab.get_by_role("button", name="Approve").click()
        await tab.get_by_text(f"approved by {name} (http)").wait_for()
    after = store.approval("apr_1")
    assert after is not None
    assert (after.state, after.decided_by) == (ApprovalState.APPROVED, "ann (http), bob (http)")
    assert await tab.get_by_role("button", name="Approve").count() == 0
    assert complaints == []


async def test_a_wrong_token_is_said_on_the_page_and_decides_nothing(
    tab: Any, store: Store, waiting: Callable[..., Any]
) -> None:
    approval = await waiting()
    await tab.goto("/login?to=/approvals/apr_1")
    await tab.get_by_label("Operator token").fill(TOKENS["ann"])
    await tab.get_by_role("button", name="Sign in").click()
    await tab.get_by_label("Your token").fill("a guess")
    await tab.get_by_role("button", name="Reject").click()
    assert "nobody's" in await tab.get_by_role("alert").inner_text()
    assert store.approval("apr_1") == approval


async def test_a_page_of_another_site_cannot_press_the_button_for_a_person(
    tab: Any, browser: Any, store: Store, waiting: Callable[..., Any]
) -> None:
    approval = await waiting()
    fields = {"token": TOKENS["ann"], "order_hash": approval.order_hash, "decision": "approve"}
    inputs = "".join(f'<input name="{k}" value="{v}">' for k, v in fields.items())
    action = f"http://127.0.0.1:{browser.port}/approvals/apr_1"
    await tab.goto("about:blank")
    await tab.set_content(f'<form method="post" action="{action}">{inputs}<button>Win a prize</button></form>')
    await tab.get_by_role("button").click()
    await tab.get_by_text("came from another site").wait_for()
    assert store.approval("apr_1") == approval
