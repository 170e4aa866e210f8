"""Ways in which the venue's answers differ from what its documents or clients expect, each seen there."""

from __future__ import annotations

from enum import StrEnum


class Quirk(StrEnum):
    """Chosen with ``CoinbaseDouble(quirks=...)``; all answers have it then."""

    #: ``null`` instead of an empty list, and in place of the part of an order's answer that does not apply.
    NULL_FOR_EMPTY = "null_for_empty"
    #: Fills of buys by quote size tell their size in quote currency (``size_in_quote``).
    SIZE_IN_QUOTE = "size_in_quote"
    #: A refused edit has one object as ``errors``, as the venue's documents show it, and no list.
    EDIT_ERRORS_OBJECT = "edit_errors_object"
    #: ``heartbeat_counter`` is text, as the documents of one channel show it.
    TEXT_HEARTBEATS = "text_heartbeats"
    #: Frames come without ``client_id``, as the venue sends them today; the official SDK's frame types want it.
    NO_CLIENT_ID = "no_client_id"


def with_nulls(body: object) -> object:
    """The body of an answer with ``null`` for every empty list at its top."""
    return {k: None if v == [] else v for k, v in body.items()} if isinstance(body, dict) else body
