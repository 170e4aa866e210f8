"""The options that a venue on the network has: a documented field, and addresses that a test cannot mistake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import attrs

from venuekit.adapter import POSITIVE, ConfigError, checked_url

#: What an option named ``environment`` may say.
ENVIRONMENTS = ("production", "sandbox")


def option(doc: str, default: Any, *, positive: bool = False, env: str = "", secret: bool = False) -> Any:
    """A field of an attrs class of options.

    Args:
        doc: What it is, in a sentence; the reference is written from it.
        default: Its value where nobody gives one.
        positive: Whether it must be more than 0.
        env: The variable of the environment that it may come from.
        secret: Whether it is left out wherever the options are shown.
    """
    metadata: dict[str, Any] = {"doc": doc}
    if positive:
        metadata[POSITIVE] = True
    if env:
        metadata["env"] = env
    return attrs.field(default=default, metadata=metadata, repr=not secret)


def one_of(options: object, name: str, accepted: tuple[str, ...], *, place: str) -> None:
    """See that an option is one of a few words.

    Raises:
        ConfigError: it is another.
    """
    if getattr(options, name) not in accepted:
        raise ConfigError(
            f"{place}.{name} must be {' or '.join(accepted)}.",
            field=f"{place}.{name}",
            details={"accepted": list(accepted)},
        )


def check_addresses(
    options: object,
    schemes: Mapping[str, str],
    *,
    real: tuple[str, ...],
    place: str,
    asked_by_tests: Collection[str] = (),
) -> None:
    """See that ``environment`` is one, and that no address is unencrypted, or the real venue's in a test.

    Args:
        options: With an ``environment``, and an address in each field of `schemes`.
        schemes: Option → ``https`` or ``wss``.
        real: Ends of the real venue's hosts.
        place: Where the options are in the configuration, such as ``venues.acme``.
        asked_by_tests: Options whose real address a test may have, since nothing of an account is sent there.

    Raises:
        ConfigError: by the option's name.
    """
    one_of(options, "environment", ENVIRONMENTS, place=place)
    is_test = getattr(options, "environment") == "sandbox"  # noqa: B009 - options of any class have one
    for name, scheme in schemes.items():
        host = checked_url(getattr(options, name), scheme=scheme, field=f"{place}.{name}")
        if is_test and name not in asked_by_tests and host.endswith(real):
            raise ConfigError(
                f"{place}.environment is sandbox, and {name} is the real venue's.",
                fix="Name the test server's address, or leave environment out.",
                field=f"{place}.environment",
            )
