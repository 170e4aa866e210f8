"""The base of our enumerations: a closed set of words."""

from __future__ import annotations

from enum import StrEnum


class Word(StrEnum):
    """A word of a closed set, equal to its text.

    It is hashed as its text, which `Enum` does not do: that would be four times as slow, and every order looks
    words up dozens of times.
    """

    __hash__ = str.__hash__
