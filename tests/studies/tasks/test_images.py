"""Images by name: the splits, files that are checked, and what is said where one is missing or damaged."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.studies.tasks import images
from revpath.studies.tasks.images import ImagesCorrupt, ImagesMissing, Published, load_images

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(images.FOLDER, str(tmp_path))
    load_images.cache_clear()
    yield tmp_path
    load_images.cache_clear()


def tiny(monkeypatch, tmp_path):
    """A published set of 5,002 images of 2 x 2 to train and 3 to test, on a disk that stands for the network."""
    rng = np.random.default_rng(0)
    shapes = {"train-i": (5002, 2, 2), "train-l": (5002,), "test-i": (3, 2, 2), "test-l": (3,)}
    arrays = {name: rng.integers(0, 10, shape, dtype=np.uint8) for name, shape in shapes.items()}
    network = tmp_path / "network"
    network.mkdir()
    digests = {}
    for name, values in arrays.items():
        raw = gzip.compress(images._as_idx(values))
        (network / name).write_bytes(raw)
        digests[name] = hashlib.sha256(raw).hexdigest()
    contents = [hashlib.sha256(images._as_idx(values)).hexdigest() for values in arrays.values()]
    npz = dict(zip(("x_train", "y_train", "x_test", "y_test"), contents, strict=True))
    published = Published(network.as_uri() + "/", digests, npz)
    monkeypatch.setattr(images, "PUBLISHED", {"mnist": published})
    return arrays, network


def test_digits_are_split_once():
    digits = load_images("digits")
    assert [len(x) for x, _ in (digits.train, digits.validation, digits.test)] == [1200, 297, 300]
    assert digits.train[0].dtype == np.float32
    assert digits.train[0].min() == 0
    assert digits.train[0].max() == 1
    assert set(digits.test[1]) == set(range(10))
    assert digits.sha256 == images._digits().sha256
    assert images.at_hand("digits")


def test_files_are_downloaded_once_and_checked(monkeypatch, tmp_path, folder):
    arrays, network = tiny(monkeypatch, tmp_path)
    assert not images.at_hand("mnist")
    mnist = load_images("mnist")
    np.testing.assert_allclose(mnist.train[0], arrays["train-i"].reshape(5002, 4)[:2] / 255, rtol=1e-6)
    np.testing.assert_array_equal(mnist.train[1], arrays["train-l"][:2])
    assert len(mnist.validation[1]) == 5000
    np.testing.assert_array_equal(mnist.test[1], arrays["test-l"])
    for file in network.iterdir():
        file.unlink()
    load_images.cache_clear()
    assert images.at_hand("mnist")
    assert load_images("mnist").sha256 == mnist.sha256
    (folder / "mnist" / "test-l").write_bytes(b"another")
    load_images.cache_clear()
    with pytest.raises(
        ImagesCorrupt, match=r"test-l is not the file that was published: its sha256 is \w{64}, it must"
    ):
        load_images("mnist")


def test_a_download_that_is_another_file_is_not_kept(monkeypatch, tmp_path, folder):
    _, network = tiny(monkeypatch, tmp_path)
    (network / "train-i").write_bytes(b"a page that asks to sign in")
    with pytest.raises(ImagesCorrupt, match="train-i is not the file"):
        load_images("mnist")
    assert not (folder / "mnist" / "train-i").exists()


def test_without_a_network_file_and_address_are_named(monkeypatch, tmp_path, folder):
    _, network = tiny(monkeypatch, tmp_path)
    (network / "train-l").unlink()
    with pytest.raises(
        ImagesMissing, match=r"train-l is not at hand and file:.*network/train-l cannot be read .*REVPATH_DATA"
    ):
        load_images("mnist")


def test_an_archive_at_hand_is_taken_if_its_numbers_are_those(monkeypatch, tmp_path, folder):
    arrays, network = tiny(monkeypatch, tmp_path)
    for file in network.iterdir():
        file.unlink()
    layout = dict(zip(("x_train", "y_train", "x_test", "y_test"), arrays.values(), strict=True))
    np.savez(folder / "mnist.npz", **layout)
    assert images.at_hand("mnist")
    np.testing.assert_array_equal(load_images("mnist").test[1], arrays["test-l"])
    load_images.cache_clear()
    np.savez(folder / "mnist.npz", **layout | {"y_test": arrays["test-l"] ^ 1})
    with pytest.raises(ImagesCorrupt, match="y_test is not the file"):
        load_images("mnist")
    load_images.cache_clear()
    (folder / "mnist.npz").write_bytes(b"no archive")
    with pytest.raises(ImagesCorrupt, match="does not hold the arrays"):
        load_images("mnist")


@pytest.mark.parametrize("raw", [b"", b"\0\0\x09\1\0\0\0\1x", b"\0\0\x08\1\0\0\0\2x"])
def test_what_is_no_idx_file_is_named(raw):
    with pytest.raises(ImagesCorrupt, match="images"):
        images._from_idx(Path("images"), raw)


def test_unknown_images_are_answered_with_those_there_are():
    with pytest.raises(RevpathError, match=r"images = 'mnst' is not known; did you mean 'mnist'"):
        load_images("mnst")


@pytest.mark.skipif(not (SHARED / "mnist.npz").exists(), reason="MNIST is not at hand")
def test_mnist_at_hand_is_the_published_one(monkeypatch):
    monkeypatch.setenv(images.FOLDER, str(SHARED))
    mnist = load_images("mnist")
    assert [x.shape for x, _ in (mnist.train, mnist.validation, mnist.test)] == [
        (55000, 784),
        (5000, 784),
        (10000, 784),
    ]
    assert mnist.train[0].max() == 1
