import re
import time

import numpy as np
import pytest

from revpath.devices.base.errors import RevpathError
from revpath.studies.tasks import text as module
from revpath.studies.tasks.text import (
    SMALLEST_TEXT,
    SYMBOLS,
    NotText,
    Text,
    TextCorrupt,
    TextError,
    TextMissing,
    TextTooSmall,
    encode,
    load_text,
    scored,
)


def slow_encode(raw: bytes) -> str:
    """The definition: ASCII letters in lower case, one space for every run of anything else."""
    return re.sub(rb"[^a-z]+", b" ", re.sub(rb"[A-Z]", lambda m: m.group().lower(), raw)).decode("ascii")


@pytest.fixture(scope="module")
def moby():
    return load_text()


def test_moby_dick_is_the_reference_text(moby):
    # 1,148,977 characters: references/ebm.md and data/README.md of the project's material.
    assert moby.name == "moby_dick"
    assert moby.codes.size == 1_148_977
    assert moby.symbols == SYMBOLS
    assert len(SYMBOLS) == 27
    assert moby.decode(moby.codes[:40]) == "chapter loomings call me ishmael some ye"


def test_the_split_is_90_5_5_in_order_and_shares_memory(moby):
    parts = (moby.train, moby.validation, moby.test)
    assert [part.size for part in parts] == [1_034_079, 57_449, 57_449]
    np.testing.assert_array_equal(np.concatenate(parts), moby.codes)
    assert all(np.shares_memory(part, moby.codes) for part in parts)


def test_codes_cannot_be_changed(moby):
    with pytest.raises(ValueError, match="read-only"):
        moby.train[0] = 3


def test_encode_equals_its_definition_on_arbitrary_bytes():
    generator = np.random.default_rng(7)
    for size in (0, 1, 2, 500, 5000):
        raw = generator.integers(0, 256, size, dtype=np.uint8).tobytes()
        text = Text("any", encode(raw), "")
        assert text.decode(text.codes) == slow_encode(raw)


def test_encode_squeezes_runs_folds_case_and_drops_letters_outside_ascii():
    text = Text("any", encode("Ahab — the  CAFÉ's\r\n\t9 men".encode()), "")
    assert text.decode(text.codes) == "ahab the caf s men"


def test_a_user_file_is_encoded_hashed_and_named(tmp_path):
    path = tmp_path / "pequod.txt"
    path.write_text("The Whale! " * 3000, encoding="utf-8")
    text = load_text(str(path))
    assert text.name == "pequod"
    assert text.decode(text.codes[:22]) == "the whale the whale th"
    assert re.fullmatch("[0-9a-f]{64}", text.sha256)


def test_a_path_to_moby_dick_is_the_default_text(tmp_path, moby):
    path = tmp_path / "copy.txt"
    path.write_bytes((module.files("revpath.studies.data") / "moby_dick.txt").read_bytes())
    again = load_text(path)
    assert again.sha256 == moby.sha256
    np.testing.assert_array_equal(again.codes, moby.codes)


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"", TextTooSmall, "is empty"),
        (b"12 34 !\n" * 9000, TextTooSmall, "no letters a-z"),
        (b"call me ishmael " * 100, TextTooSmall, r"1,300 letters a-z; at least 20,000"),
        (b"a" * 30_000 + b"\0" + b"a", NotText, "NUL at byte offset 30000"),
        ("whale".encode("utf-16") * 9000, NotText, "NUL at byte offset 3"),
        (b"a" * 30_000 + b"\xe9t\xe9", NotText, "byte 0xe9 at byte offset 30000"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(tmp_path, content, error, says):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    with pytest.raises(error, match=says) as caught:
        load_text(path)
    assert "bad.txt" in str(caught.value)
    assert isinstance(caught.value, RevpathError)


def test_the_smallest_text_is_the_one_that_is_announced(tmp_path):
    path = tmp_path / "edge.txt"
    path.write_bytes(b"w" * SMALLEST_TEXT)
    assert scored(load_text(path).test, 64)
    path.write_bytes(b"w" * (SMALLEST_TEXT - 1))
    with pytest.raises(TextTooSmall, match="19,999"):
        load_text(path)


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(TextMissing, match="no such file"):
        load_text(tmp_path / "none.txt")
    with pytest.raises(NotText, match="is a directory"):
        load_text(tmp_path)


def test_a_damaged_shipped_text_is_noticed(monkeypatch):
    monkeypatch.setattr(module, "_DEFAULT_SHA256", "0" * 64)
    with pytest.raises(TextCorrupt, match="install revpath again"):
        load_text()


def test_the_scored_span_is_the_same_for_every_context(moby):
    assert scored(moby.test, 1) == scored(moby.test, 64) == range(64, 20_064)
    assert scored(moby.test, 8, 16_000) == range(64, 16_064)
    assert scored(moby.test[:1000], 8) == range(64, 1000)


@pytest.mark.parametrize(
    ("size", "context", "n", "says"),
    [
        (1000, 0, None, r"context = 0 must lie in 1\.\.64"),
        (1000, 65, None, r"context = 65 must lie in 1\.\.64"),
        (64, 8, None, "more than 64"),
        (1000, 8, 937, r"n = 937 .* 1\.\.936"),
        (1000, 8, 0, "n = 0"),
    ],
)
def test_a_span_that_does_not_fit_is_refused(size, context, n, says):
    with pytest.raises(TextError, match=says):
        scored(np.zeros(size, dtype=np.uint8), context, n)


def test_loading_is_fast():
    def cpu_seconds() -> float:
        began = time.process_time()
        load_text()
        return time.process_time() - began

    assert min(cpu_seconds() for _ in range(5)) < 0.05
