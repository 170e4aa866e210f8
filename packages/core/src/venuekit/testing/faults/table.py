"""What a venue's profile says can go wrong on its wire: faults by name, and where each may happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from venuekit.testing.contract.profile import Profile


@attrs.frozen
class Table:
    """Faults of requests with the endpoints, of frames with the channels, and of all streams at once."""

    requests: Mapping[str, Sequence[str]]
    frames: Mapping[str, Sequence[str]]
    cuts: Sequence[str]
    #: Channels that tell seldom.
    seldom: Sequence[str] = ()

    @property
    def points(self) -> tuple[str, ...]:
        """Every point on the wire."""
        endpoints = dict.fromkeys(name for names in self.requests.values() for name in names)
        channels = dict.fromkeys(name for names in self.frames.values() for name in names)
        at_requests = tuple(f"wire.{name}.{when}" for name in endpoints for when in ("arrived", "carried_out"))
        return at_requests + tuple(f"wire.{name}.told" for name in channels)

    @property
    def names(self) -> tuple[str, ...]:
        """Every fault."""
        return tuple(dict.fromkeys((*self.requests, *self.frames, *self.cuts)))


def table_of(profile: Profile) -> Table | None:
    """The profile's table; None for a venue inside this process, whose faults are at the protocols."""
    if profile.exchange is None:
        return None
    return Table(profile.wire_faults, profile.frame_faults, profile.stream_faults, profile.seldom_channels)
