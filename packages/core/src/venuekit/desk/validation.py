"""The first step of the road: the instrument's rules, which adapters of simulated venues keep too."""

from venuekit.model.validation import check_price, check_size, check_supported, rounded, validate

__all__ = ["check_price", "check_size", "check_supported", "rounded", "validate"]
