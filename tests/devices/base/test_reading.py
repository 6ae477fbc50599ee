"""Files of anybody: read, or refused by one clear error that is fit for a terminal."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revpath.devices import RecordError, RevpathError
from revpath.devices.base.errors import printable, shown
from revpath.devices.base.reading import read_json, read_text, read_toml

BOM = b"\xef\xbb\xbf"


def test_a_byte_order_mark_is_read_over(tmp_path):
    (tmp_path / "a.toml").write_bytes(BOM + b"name = 'cell'\r\n")
    (tmp_path / "a.json").write_bytes(BOM + b'{"a": [1.5, null]}')
    assert read_toml(tmp_path / "a.toml") == {"name": "cell"}
    assert read_json(tmp_path / "a.json") == {"a": [1.5, None]}
    assert read_text(tmp_path / "a.toml") == "name = 'cell'\r\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\0\0", "not a readable TOML file"),
        (b"a = ", "not a readable TOML file"),
        (b"a = " + b"9" * 5000, "not a readable TOML file|must fit into 64 bits"),
        (b"a = " + b"9" * 4000, "must fit into 64 bits"),
        (b"a = [1, -9223372036854775809]", "a.1 = .* must fit into 64 bits"),
        (b"a = " + b"[" * 100_000, "nested too deeply|not a readable TOML file"),
        (b"a = " + b"[" * 150 + b"]" * 150, "nested"),
        (b"a" + b".a" * 5000 + b" = 1", "nested"),
        (b'title = "\\u001b[31mred"', r"title = .* control character U\+001B"),
        (b'"k\\u0007ey" = 1', r"control character U\+0007"),
        (b'a = [{b = "x\\u202ey"}]', r"a.0.b = .* control character U\+202E"),
    ],
)
def test_toml_that_is_refused(tmp_path, content, said):
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=said) as caught:
        read_toml(path)
    assert "a.toml" in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b"9" * 5000, b'{"a": NaN}', b'{"a": Infinity}', b'"\\ud800"', b'"\\u001b"', b"", b"{", b"\xff"],
)
def test_json_that_is_refused(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=r"a\.json"):
        read_json(path)


@pytest.mark.parametrize("name", ["missing.toml", ".", "nul\0.toml"])
def test_places_that_are_no_file(tmp_path, name):
    with pytest.raises(RecordError, match="no such file|not a readable"):
        read_toml(tmp_path / name)


TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs")), max_size=20)


@settings(max_examples=50, deadline=None)
@given(st.recursive(st.booleans() | st.integers(-(2**62), 2**62) | TEXTS, lambda inner: st.lists(inner, max_size=4)))
def test_what_is_well_is_read_as_it_is(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert read_json(path) == content


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_no_error_controls_a_terminal(text):
    """Whatever raises it, and whatever it quotes: new lines and tabs are all that is left."""
    said = str(RevpathError(f"{text} is wrong"))
    assert said == printable(f"{text} is wrong")
    assert not any(ord(c) < 32 and c not in "\n\t" for c in said)
    assert "\x7f" not in said
    assert "\x9b" not in said
    assert "\u202e" not in said
    said.encode("utf-8")


def test_values_are_shown_short():
    assert shown("a") == "'a'"
    assert len(shown("a" * 100_000)) < 120
    assert shown(10**5000) == "an integer of 16610 bits"
    assert "too long to print" in shown([10**5000])
