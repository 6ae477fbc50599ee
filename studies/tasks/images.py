"""Images of ten classes that dense networks learn: one split each, files pinned by their SHA-256.

scikit-learn's digits (8 x 8) come with it. MNIST (LeCun, Bottou, Bengio & Haffner, Proc. IEEE 86, 1998) and Fashion-MNIST (Xiao,
Rasul & Vollgraf, arXiv 1708.07747), 28 x 28, are downloaded once to a folder of the user: neither is shipped.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ...devices.base.errors import RevpathError, unknown
from ...devices.base.files import results_folder, write_whole

FOLDER = "REVPATH_DATA"
"""Environment variable: where files of data are kept and looked for; ~/.cache/revpath unless set."""
_VALIDATION = 5_000  # of the 60,000 images for training, the last
_DIGITS = (1_200, 1_497)  # where training and validation end, in an order drawn once
_PATIENCE_S = 60.0  # of a download


class ImagesMissing(RevpathError):
    """A file of images is not at hand and could not be had."""


class ImagesCorrupt(RevpathError):
    """A file of images is not the one that was published."""


@dataclass(frozen=True, eq=False)
class Images:
    """Pixels in [0, 1] and labels, split for training, validation and test.

    Attributes
    ----------
    name : str
    train, validation, test : tuple of numpy.ndarray
        (n, pixels) float32, and (n,) int64 from 0 to 9.
    """

    name: str
    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]

    @cached_property
    def sha256(self) -> str:
        """Of all pixels and labels, as 64 hexadecimal digits."""
        digest = hashlib.sha256()
        for part in (*self.train, *self.validation, *self.test):
            digest.update(part.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Published:
    """Four gzipped IDX files: images and labels for training, then for the test.

    Attributes
    ----------
    url : str
        Of the folder that holds them.
    files : mapping of str to str
        Name -> SHA-256 of the file.
    npz : mapping of str to str
        Name of an array in an ``.npz`` of the same numbers (as Keras lays it out) -> SHA-256 of its IDX form; empty where
        nobody computed them.
    """

    url: str
    files: Mapping[str, str]
    npz: Mapping[str, str] = field(default_factory=dict)


PUBLISHED: Mapping[str, Published] = MappingProxyType(
    {
        "mnist": Published(
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            {
                "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            },
            {
                "x_train": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "y_train": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "x_test": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "y_test": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            },
        ),
        "fashion-mnist": Published(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/b2617bb6d3ffa2e429640350f613e3291e10b141/"
            "data/fashion/",
            {
                "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            },
        ),
    }
)
NAMES = ("digits", *PUBLISHED)


def data_folder() -> Path:
    """Where files of data are kept."""
    return Path(os.environ.get(FOLDER) or Path.home() / ".cache" / "revpath")


@lru_cache(maxsize=2)
def load_images(name: str = "digits") -> Images:
    """Images by name.

    Parameters
    ----------
    name : str
        "digits", "mnist" or "fashion-mnist". The latter two are looked for in `data_folder` (files of a folder of that name,
        or ``mnist.npz``) and downloaded to it where they are not there.

    Raises
    ------
    UnknownName
        Another name.
    ImagesMissing
        Not at hand, and the download failed: says the file, the address and where to put it.
    ImagesCorrupt
        A file with another SHA-256 than the one that was published.

    Examples
    --------
    >>> pixels, labels = load_images("digits").train
    >>> pixels.shape, labels.shape
    ((1200, 64), (1200,))
    """
    if name not in NAMES:
        raise unknown("images", name, NAMES)
    if name == "digits":
        return _digits()
    archive = data_folder() / f"{name}.npz"
    published = PUBLISHED[name]
    parts = _of_archive(archive, published) if published.npz and archive.exists() else _of_files(name, published)
    x, y, x_test, y_test = (part.reshape(len(part), -1) if part.ndim > 1 else part.astype(np.int64) for part in parts)
    scaled, scaled_test = (np.divide(pixels, 255, dtype=np.float32) for pixels in (x, x_test))
    end = len(x) - _VALIDATION
    return Images(name, (scaled[:end], y[:end]), (scaled[end:], y[end:]), (scaled_test, y_test))


def at_hand(name: str) -> bool:
    """Whether `load_images` would find all that it needs without a download."""
    if name == "digits":
        return True
    folder, published = data_folder(), PUBLISHED[name]
    return bool(published.npz and (folder / f"{name}.npz").exists()) or all(
        (folder / name / file).exists() for file in published.files
    )


def _digits() -> Images:
    from sklearn.datasets import load_digits

    pixels, labels = (np.asarray(part) for part in load_digits(return_X_y=True))
    order = np.random.default_rng(0).permutation(len(pixels))
    x = (pixels[order] / 16).astype(np.float32)
    y = labels[order].astype(np.int64)
    first, second = _DIGITS
    return Images("digits", (x[:first], y[:first]), (x[first:second], y[first:second]), (x[second:], y[second:]))


def _of_archive(path: Path, published: Published) -> list[np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            parts = {name: archive[name] for name in published.npz}
    except (OSError, ValueError, LookupError) as error:
        raise ImagesCorrupt(f"{str(path)!r} does not hold the arrays {', '.join(published.npz)}: {error}") from None
    for name, expected in published.npz.items():
        _check(f"{path}, {name}", _as_idx(parts[name]), expected)
    return list(parts.values())


def _of_files(name: str, published: Published) -> list[np.ndarray]:
    folder = data_folder() / name
    return [_from_idx(folder / file, gzip.decompress(_had(folder, file, published))) for file in published.files]


def _had(folder: Path, file: str, published: Published) -> bytes:
    """The bytes of a file, downloaded if need be; never those of another."""
    path = folder / file
    if path.exists():
        raw = path.read_bytes()
        _check(str(path), raw, published.files[file])
        return raw
    url = published.url + file
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_S) as answer:
            raw = answer.read()
    except (OSError, ValueError) as error:
        raise ImagesMissing(
            f"{file} is not at hand and {url} cannot be read ({error}): put the file into {str(folder)!r}, or set "
            f"{FOLDER} to a folder that has it in {folder.name}/"
        ) from None
    _check(url, raw, published.files[file])
    write_whole(results_folder(folder) / file, raw)
    return raw


def _check(source: str, content: bytes, expected: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ImagesCorrupt(
            f"{source} is not the file that was published: its sha256 is {found}, it must be {expected}; delete it to "
            "have it anew"
        )


def _as_idx(values: np.ndarray) -> bytes:
    """Bytes of an array (uint8) in the IDX format: type 8, number of axes, their lengths, the values."""
    lengths = b"".join(int(n).to_bytes(4, "big") for n in values.shape)
    return bytes([0, 0, 8, values.ndim]) + lengths + values.astype(np.uint8).tobytes()


def _from_idx(path: Path, raw: bytes) -> np.ndarray:
    """The inverse of `_as_idx`."""
    if len(raw) < 4 or raw[:3] != b"\0\0\x08":
        raise ImagesCorrupt(f"{str(path)!r} is not an IDX file of bytes")
    start = 4 + 4 * raw[3]
    shape = [int.from_bytes(raw[at : at + 4], "big") for at in range(4, start, 4)]
    values = np.frombuffer(raw, np.uint8, offset=start)
    if values.size != int(np.prod(shape)):
        raise ImagesCorrupt(f"{str(path)!r} holds {values.size} values; its header says {shape}")
    return values.reshape(shape)
