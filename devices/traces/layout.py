"""Where each parameter stands in the vector that a search of a law moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layout:
    """The vector of a search: shape parameters, log of cycle noise, log of read noise, then logs of the scales.

    The scales of up steps of all devices come first, then those of down steps. Rows of vectors have it as their last axis.

    Attributes
    ----------
    shapes : int
        Shape parameters of the law.
    devices : int

    Examples
    --------
    >>> layout = Layout(shapes=2, devices=3)
    >>> layout.size, layout.cycle_noise, layout.read_noise, layout.up
    (10, 2, 3, slice(4, 7, None))
    """

    shapes: int
    devices: int

    @property
    def size(self) -> int:
        return self.shared_count + 2 * self.devices

    @property
    def shared_count(self) -> int:
        """Parameters that all devices have in common: shape and noises."""
        return self.shapes + 2

    @property
    def shape(self) -> slice:
        return slice(0, self.shapes)

    @property
    def cycle_noise(self) -> int:
        return self.shapes

    @property
    def read_noise(self) -> int:
        return self.shapes + 1

    @property
    def shared(self) -> slice:
        return slice(0, self.shared_count)

    @property
    def scales(self) -> slice:
        """Of up and down steps of all devices."""
        return slice(self.shared_count, self.size)

    @property
    def up(self) -> slice:
        return slice(self.shared_count, self.shared_count + self.devices)

    @property
    def down(self) -> slice:
        return slice(self.shared_count + self.devices, self.size)

    @property
    def sides(self) -> tuple[slice, slice]:
        """Scales of up and of down steps."""
        return self.up, self.down

    @property
    def means(self) -> np.ndarray:
        """Places of what the mean steps depend on: shape and scales."""
        return np.r_[np.arange(self.shapes), np.arange(self.shared_count, self.size)]

    def of_device(self, device: int) -> list[int]:
        """Places of its two scales."""
        return [self.up.start + device, self.down.start + device]

    def scale_mask(self, device_mask: np.ndarray) -> np.ndarray:
        """(size,) True for the scales of the devices of a mask (devices,)."""
        mask = np.zeros(self.size, bool)
        mask[self.scales] = np.tile(device_mask, 2)
        return mask

    def pack(
        self, shape: np.ndarray, cycle_noise: float, read_noise: float, up: np.ndarray, down: np.ndarray
    ) -> np.ndarray:
        """The vector of shape parameters and positive noises (rows may not be given) and scales (devices,)."""
        return np.concatenate([shape, np.log([cycle_noise, read_noise]), np.log(up), np.log(down)])

    def names(self, shape_names: list[str], device_names: tuple[str, ...]) -> list[str]:
        """What each place of the vector is called."""
        scales = [f"scale of {way} steps of device {name}" for way in ("up", "down") for name in device_names]
        return [*shape_names, "cycle noise", "read noise", *scales]
