"""One deterministic flow of order messages, the same for every engine: 60 % adds, 30 % cancels, 10 % market.

A message is ``(op, id, side, price, size)`` in whole ticks and lots: op 0 adds a limit order, 1 cancels the
order `id`, 2 is a market order. Side is 1 to buy and -1 to sell. Cancels name an order that was added
before; it may be filled by then, as in life.
"""

from __future__ import annotations

import random

Message = tuple[int, int, int, int, int]
MIDDLE = 100_000


def mixed_flow(count: int, seed: int = 7) -> list[Message]:
    """`count` messages."""
    rng = random.Random(seed)
    messages: list[Message] = []
    added: list[int] = []
    for number in range(1, count + 1):
        draw = rng.random()
        side = 1 if rng.random() < 0.5 else -1
        if draw < 0.6 or not added:
            price = MIDDLE - side * rng.randint(1, 50) + (side * 51 if rng.random() < 0.02 else 0)
            messages.append((0, number, side, price, rng.randint(1, 100)))
            added.append(number)
        elif draw < 0.9:
            messages.append((1, added.pop(rng.randrange(max(0, len(added) - 2000), len(added))), side, 0, 0))
        else:
            messages.append((2, number, side, 0, rng.randint(1, 100)))
    return messages


def book_updates(count: int, seed: int = 7) -> list[tuple[int, str, str]]:
    """Changed levels of one book as a venue sends them: side, price, new size; a fifth of them removes a level."""
    rng = random.Random(seed)
    updates = []
    for _ in range(count):
        side = 1 if rng.random() < 0.5 else -1
        price = 6_000_000 - side * (1 + min(int(rng.expovariate(1 / 60)), 800))
        size = 0 if rng.random() < 0.2 else rng.randint(1, 10**9)
        updates.append((side, f"{price // 100}.{price % 100:02}", f"{size // 10**8}.{size % 10**8:08}"))
    return updates
