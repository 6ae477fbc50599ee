"""Images as a task: their class from dense pixels, judged by the share of errors."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .contract import LearningTask, Rows, Split
from .images import Images


class ImageClass(LearningTask):
    """The class of an image.

    Parameters
    ----------
    images : Images
        As `load_images` gives them.
    """

    kind: ClassVar = "images"
    unit: ClassVar = "% error"
    example: ClassVar = "image"
    qualities: ClassVar = tuple(round(30.0 - 0.25 * k, 2) for k in range(117))
    coarser: ClassVar = 2.0
    logarithmic: ClassVar = True
    first_checkpoint: ClassVar = 240

    def __init__(self, images: Images) -> None:
        self.images = images

    @property
    def name(self) -> str:
        return self.images.name

    @property
    def sha256(self) -> str:
        return self.images.sha256

    def places(self, context: int) -> np.ndarray:
        return np.arange(len(self.images.train[1]))

    def take(self, places: np.ndarray, context: int) -> Rows:
        pixels, labels = self.images.train
        return pixels[places], labels[places]

    def scored(self, split: Split, context: int) -> Rows:
        return getattr(self.images, split)

    def loss(self, model: Any, rows: Rows, *, stored: bool = False) -> float:
        return 100 * model.error_rate(*rows, stored=stored)
