"""Files that are whole or not there, whatever the disk does."""

import errno
import os

import pytest

from revpath.devices.base import files
from revpath.devices.base.errors import RevpathError
from revpath.devices.base.files import writable_folder, write_whole
from revpath.devices.base.style import save_figure
from revpath.energy_models import bills_page, load_chip, price
from revpath.simulator import ArrayConfig, Events, write_config
from revpath.studies.baselines.transformer import load_baseline, save_baseline


def figure(path):
    from matplotlib.figure import Figure

    save_figure(Figure(), path.with_suffix(""), dpi=50)


WRITERS = {
    "bytes.json": lambda path: write_whole(path, b"new"),
    "text.json": lambda path: write_whole(str(path), "new \N{GREEK SMALL LETTER OMEGA}"),
    "bills.html": lambda path: bills_page({"a": price(Events({"sram.byte_read": 1}), load_chip("reram-32nm"))}, path),
    "config.toml": lambda path: write_config(ArrayConfig("ideal"), path),
    "baseline.json": lambda path: save_baseline(load_baseline(), path),
    "figure.pdf": figure,
    "figure.png": figure,
}


@pytest.mark.parametrize("full", ["fsync", "replace"])
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_destroys_nothing(tmp_path, monkeypatch, name, full):
    path = tmp_path / name
    path.write_bytes(b"old")

    def no_space(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as context:
        context.setattr(files.os, full, no_space)
        with pytest.raises(RevpathError, match="cannot be written: No space left"):
            WRITERS[name](path)
    assert path.read_bytes() == b"old"
    assert [left.name for left in tmp_path.iterdir()] == [name]
    WRITERS[name](path)
    assert path.read_bytes() != b"old"
    assert not list(tmp_path.glob("*.partial"))


def test_the_bytes_and_the_name_are_on_the_disk_before_it_returns(tmp_path, monkeypatch):
    """The new name is not given before the bytes are there, and the folder is written after it."""
    done = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(files.os, name, lambda *given, real=real, name=name: (done.append(name), real(*given))[1])
    write_whole(tmp_path / "a", b"new")
    assert done == ["fsync", "replace", "fsync"]


def test_a_vanished_folder_is_said(tmp_path):
    with pytest.raises(RevpathError, match=r"gone/a' cannot be written: No such file"):
        write_whole(tmp_path / "gone" / "a", b"new")


def test_long_names_are_written_too(tmp_path):
    write_whole(tmp_path / ("x" * 250), b"new")
    assert (tmp_path / ("x" * 250)).read_bytes() == b"new"


def test_a_place_is_tried_before_the_work(tmp_path, monkeypatch):
    assert list(writable_folder(tmp_path / "a").iterdir()) == []

    def read_only(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(files.Path, "write_bytes", read_only)
    with pytest.raises(RevpathError, match="cannot be written to: Read-only"):
        writable_folder(tmp_path / "a")
