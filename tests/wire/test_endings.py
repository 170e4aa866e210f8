"""What is being closed comes to its end, whoever stops waiting for it."""

from __future__ import annotations

import asyncio

import pytest

from venuekit_wire.endings import Endings

pytestmark = pytest.mark.anyio


async def test_a_reader_that_is_canceled_leaves_what_it_closes_to_be_waited_for() -> None:
    endings, closed, go = Endings(), [], asyncio.Event()

    async def close() -> None:
        await go.wait()
        closed.append("socket")

    reader = asyncio.ensure_future(asyncio.shield(endings.begin(close())))
    await asyncio.sleep(0)
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    assert closed == []
    go.set()
    await endings.done()
    assert closed == ["socket"]


async def test_what_is_begun_meanwhile_is_waited_for_too() -> None:
    endings, closed = Endings(), []

    async def last() -> None:
        await asyncio.sleep(0)
        closed.append("last")

    async def first() -> None:
        await asyncio.sleep(0)
        endings.begin(last())
        closed.append("first")

    endings.begin(first())
    await endings.done()
    assert closed == ["first", "last"]
    await endings.done()


async def test_what_goes_wrong_is_told_to_who_began_it_and_keeps_nobody_waiting() -> None:
    endings = Endings()

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    ending = endings.begin(fail())
    await endings.done()
    with pytest.raises(ZeroDivisionError):
        await ending
