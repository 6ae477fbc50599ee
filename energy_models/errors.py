"""Errors of pricing. All are RevpathErrors, so the command line prints them without a traceback."""

from __future__ import annotations

from ..devices.base.errors import RevpathError


class PriceError(RevpathError):
    """A chip, an event or a price that cannot be used."""


class UnpricedEvent(PriceError):
    """An event for which the chip has no price: never counted as zero."""


class FloorError(PriceError):
    """A component spends less energy than its simulated signal-to-noise ratio allows."""
