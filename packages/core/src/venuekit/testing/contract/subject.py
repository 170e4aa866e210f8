"""The venue that the kit checks: by itself, or as a shadow account that has its public data."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from venuekit import registry
from venuekit.adapter import Capabilities, ConfigError, Venue, VenueContext, VenueFactory
from venuekit.model.identity import PAPER
from venuekit.protocols.approver import Mode
from venuekit.runtime.opening import make_venue
from venuekit.testing.contract.profile import Profile

ACCOUNT = "contract"


@attrs.frozen(kw_only=True, slots=False)
class Subject:
    """The venue that is checked, and how."""

    name: str
    factory: VenueFactory
    profile: Profile
    options: Mapping[str, Any]
    production_orders: bool = False
    #: Whether orders go to a shadow account, as those of a desk in shadow mode do.
    shadow: bool = False
    #: What the profile was named by; empty for the factory's own.
    profile_name: str = ""

    def create(self, context: VenueContext) -> Venue:
        """A session that is not connected yet. Raises ConfigError."""
        if not self.shadow:
            return self.factory.create(context)
        return make_venue(self.factory, context, Mode.SHADOW, shadow=self.profile.shadow)

    @property
    def environment(self) -> str:
        """The environment of sessions, by the factory unless an option says otherwise."""
        return PAPER if self.shadow else str(self.options.get("environment", self.factory.environment))

    @property
    def account(self) -> str:
        """What sessions call their account."""
        return f"{ACCOUNT}.shadow" if self.shadow else ACCOUNT

    @cached_property
    def capabilities(self) -> Capabilities:
        """What sessions are to declare: what the factory or the profile does, or what a shadow account has of it."""
        if not self.shadow:
            return self.profile.capabilities or self.factory.capabilities
        clock = self.profile.make_clock()
        return self.create(
            VenueContext(clock=clock, data_dir=Path(), account=ACCOUNT, options=self.options)
        ).capabilities


def load_subject(
    venue: str,
    *,
    options: Sequence[str] = (),
    profile: str | None = None,
    production_orders: bool = False,
    shadow: bool = False,
) -> Subject:
    """Find the factory and its profile.

    Raises:
        UnknownVenue: no such adapter.
        ConfigError: an option is not ``key=value``, a ``MODULE:OBJECT`` does not exist, or the venue has no shadow
            accounts, since its orders are pretended anyway.
    """
    factory: VenueFactory = _load(venue) if ":" in venue else registry.load_factory(venue)
    hints = _load(profile) if profile else getattr(factory, "contract_profile", None)
    if isinstance(hints, str):
        hints = _load(hints)
    known = _profile(hints)
    if shadow:
        # What the venue refuses its own orders for does not concern those of a shadow account.
        known = attrs.evolve(known, too_many=None)
    if shadow and factory.environment == PAPER:
        raise ConfigError(f"{factory.name} has no shadow accounts: its own orders go nowhere.", field="venue_shadow")
    given = dict(_option(text) for text in options)
    return Subject(
        name=factory.name,
        factory=factory,
        profile=known,
        options={**known.options, **given},
        production_orders=production_orders,
        shadow=shadow,
        profile_name=profile or "",
    )


def _profile(hints: Any) -> Profile:
    if isinstance(hints, Profile):
        return hints
    names = [field.name for field in attrs.fields(Profile)]
    return Profile(**{name: getattr(hints, name) for name in names if hints is not None and hasattr(hints, name)})


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    try:
        found = importlib.import_module(module)
        return getattr(found, name) if name else found
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{place!r} cannot be imported as MODULE or MODULE:OBJECT: {error}", field="venue") from error


def _option(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ConfigError(f"--venue-options takes key=value; {text!r} is not.", field="venue_options")
    if value in ("true", "false"):
        return key, value == "true"
    return key, int(value) if value.removeprefix("-").isdecimal() and value.isascii() else value
