"""The numbers of a live object as plain data, and back into one of the same make: nothing in a file can run.

A pickle is a program; a file of it that was handed on could do anything. Here a file holds arrays and JSON alone. Who
reads it makes an object by the code at hand (a mould), and the numbers are poured into that: in place, so that views
and objects shared by several owners stay shared.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from enum import Enum
from io import BytesIO
from types import BuiltinFunctionType, FunctionType, MappingProxyType, MethodType
from typing import Any

import numpy as np
from pydantic import BaseModel

from ..devices.base.errors import RevpathError
from ..devices.base.printable import one_line

_SCHEMA = 1
_SLACK = 1 << 20  # bytes that a file may hold beyond the arrays of its mould: headers and JSON
_CODE = (
    FunctionType,
    BuiltinFunctionType,
    MethodType,
    type,
    np.dtype,
)  # belongs to the mould, whose key names the code
_SCALARS = (bool, int, float, str, type(None))


class SnapshotError(RevpathError):
    """A file is no snapshot, or not one of that object; nothing of the object can be relied on any more."""


class Snapshot:
    """The numbers of an object: what stands at each place of it.

    Attributes
    ----------
    arrays : dict
        Place -> numpy array.
    leaves : dict
        Place -> what JSON holds: numbers, words, states of generators, frozen models.
    names : dict
        Place of each object or container inside -> of which kind it is, and the names of its parts.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self.leaves: dict[str, Any] = {}
        self.names: dict[str, list[str]] = {}

    @classmethod
    def of(cls, root: object) -> Snapshot:
        """Copy all numbers of `root`.

        Raises
        ------
        SnapshotError
            It holds something that is neither numbers nor made of objects.
        """
        snapshot = cls()
        snapshot._collect("", root, {})
        return snapshot

    def digest(self) -> str:
        """Of everything that it holds, as 64 hexadecimal digits."""
        found = hashlib.sha256(json.dumps([self.leaves, self.names], sort_keys=True).encode())
        for place, array in sorted(self.arrays.items()):
            found.update(f"{place} {array.dtype.str} {array.shape}".encode())
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()

    def pour_into(self, mould: object) -> None:
        """Give `mould`, an object of the same make, these numbers.

        Raises
        ------
        SnapshotError
            It is of another make; it is then in no usable state.
        """
        self._pour("", mould, {})
        if Snapshot.of(mould).digest() != self.digest():
            raise SnapshotError("the object does not hold what was poured into it")

    # -- there ----------------------------------------------------------------------------------------------------------

    def _collect(self, place: str, value: Any, seen: dict[int, object]) -> None:
        if isinstance(value, _CODE):
            return
        if isinstance(value, np.ndarray | np.generic):
            array = np.array(value)
            if array.dtype.hasobject:
                raise SnapshotError(f"{place} is an array of objects")
            self.arrays[place] = array
        elif (leaf := _leaf(value)) is not None:
            self.leaves[place] = leaf
        elif id(value) not in seen:
            if not isinstance(value, tuple):  # which cannot change: equal ones may be one object here and two there
                seen[id(value)] = value  # kept alive, so that no other object gets its address
            parts = _parts(value, place)
            self.names[place] = [_kind(value), *parts]
            for name, part in parts.items():
                self._collect(f"{place}/{name}", part, seen)

    # -- and back -------------------------------------------------------------------------------------------------------

    def _pour(self, place: str, value: Any, seen: dict[int, object]) -> Any:
        """What belongs at `place`, where the mould has `value`: that itself, if it could be changed in place."""
        if place in self.arrays:
            return _poured_array(value, self.arrays[place], place)
        if place in self.leaves:
            return _from_leaf(value, self.leaves[place], place)
        if isinstance(value, _CODE) or id(value) in seen:
            return value
        is_leaf = value is not None and (isinstance(value, np.ndarray | np.generic) or _leaf(value) is not None)
        if is_leaf or place not in self.names:
            raise SnapshotError(
                f"{place or 'the object'} is a {type(value).__name__}, and the snapshot has another thing"
            )
        if value is None and self.names[place][:1] == ["tuple"]:
            value = (None,) * (len(self.names[place]) - 1)  # such as a sum that the mould has not made yet
        if not isinstance(value, tuple):
            seen[id(value)] = value
        parts = _parts(value, place)
        kind, *names = self.names[place]
        if kind != _kind(value):
            raise SnapshotError(f"{place} is a {type(value).__name__}, and the snapshot has a {kind}")
        changed = {name: self._pour(f"{place}/{name}", parts.get(name), seen) for name in names}
        return _assemble(value, parts, changed)


def _leaf(value: Any) -> Any:
    """``[kind, JSON]`` of what has no parts; None for other things."""
    if isinstance(value, Enum):
        return ["enum", value.name]
    if isinstance(value, _SCALARS):
        return ["plain", value]
    if isinstance(value, BaseModel):
        return ["model", value.model_dump(mode="json")]
    if isinstance(value, np.random.Generator):
        return ["generator", _generator_state(value)]
    return None


def _generator_state(generator: np.random.Generator) -> Any:
    return json.loads(json.dumps(generator.bit_generator.state, default=lambda array: array.tolist()))


def _from_leaf(value: Any, leaf: Any, place: str) -> Any:
    kind, content = leaf
    if kind == "plain":
        if not isinstance(content, _SCALARS):
            raise SnapshotError(f"{place} is no plain value")
        return content
    if kind != (_leaf(value) or [None])[0]:
        raise SnapshotError(f"{place} is a {type(value).__name__}, and the snapshot has a {kind}")
    if kind == "enum":
        return type(value).__members__[content]
    if kind == "model":
        return value if value.model_dump(mode="json") == content else type(value).model_validate(content)
    value.bit_generator.state = content
    return value


def _poured_array(value: Any, array: np.ndarray, place: str) -> Any:
    if isinstance(value, np.generic):
        return array[()]
    if not isinstance(value, np.ndarray):
        if value is None or isinstance(value, _SCALARS):
            return array
        raise SnapshotError(f"{place} is a {type(value).__name__}, and the snapshot has an array")
    if value.shape == array.shape and value.dtype == array.dtype and value.flags.writeable:
        value[...] = array
        return value
    return array


def _kind(value: Any) -> str:
    return next((kind.__name__ for kind in (tuple, list, dict) if isinstance(value, kind)), "object")


def _parts(value: Any, place: str) -> dict[str, Any]:
    """Name -> part of a container or an object, in its order."""
    if isinstance(value, dict | MappingProxyType):
        return {repr(key): part for key, part in value.items()}
    if isinstance(value, list | tuple):
        return {str(i): part for i, part in enumerate(value)}
    parts = {
        name: getattr(value, name)
        for kind in reversed(type(value).__mro__)
        for name in _slots(kind)
        if hasattr(value, name)
    }
    parts.update(getattr(value, "__dict__", {}))
    if not parts and not hasattr(value, "__dict__"):
        raise SnapshotError(f"{place} is a {type(value).__name__}, which is no number and has no parts")
    return parts


def _slots(kind: type) -> list[str]:
    slots = kind.__dict__.get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if name not in ("__dict__", "__weakref__")]


def _assemble(value: Any, parts: dict[str, Any], changed: dict[str, Any]) -> Any:
    """`value` with its parts replaced by `changed`, in place where it can be changed."""
    if isinstance(value, tuple):
        new = list(changed.values())
        if list(changed) == list(parts) and all(a is b for a, b in zip(new, parts.values(), strict=True)):
            return value
        return type(value)(*new) if hasattr(value, "_fields") else tuple(new)
    if isinstance(value, list):
        value[:] = list(changed.values())
    elif isinstance(value, MappingProxyType):
        if any(parts.get(name) is not part for name, part in changed.items()) or set(changed) != set(parts):
            raise SnapshotError("a mapping that cannot be changed differs")
    elif isinstance(value, dict):
        _assemble_dict(value, changed)
    else:
        for name in set(parts) - set(changed):  # such as a sum that the mould keeps and the snapshot does not
            object.__delattr__(value, name)
        for name, part in changed.items():
            if name not in parts or parts[name] is not part:
                object.__setattr__(value, name, part)
    return value


def _assemble_dict(value: Any, changed: dict[str, Any]) -> None:
    keys = {repr(key): key for key in value}
    new = {}
    for name, part in changed.items():
        key = keys.get(name)
        if key is None and name not in keys:
            if name[:1] not in "'\"" or not isinstance(part, _SCALARS):
                raise SnapshotError(f"{name} is a key that the object does not have")
            key = json.loads(name) if name[0] == '"' else _read_word(name)
        new[key] = part
    value.clear()
    value.update(new)


def _read_word(name: str) -> str:
    """A word from its repr; only words without quotes or escapes are keys here, such as names of events."""
    word = name[1:-1]
    if repr(word) != name:
        raise SnapshotError(f"{name} is no key of an object")
    return word


# -- files -------------------------------------------------------------------------------------------------------------


def to_bytes(root: object, about: Mapping[str, Any]) -> bytes:
    """The numbers of `root` and, beside them, `about` (JSON), as an npz file with a digest of all."""
    snapshot = Snapshot.of(root)
    places = sorted(snapshot.arrays)
    head = {
        "schema": _SCHEMA,
        "about": dict(about),
        "places": places,
        "leaves": snapshot.leaves,
        "names": snapshot.names,
    }
    head["digest"] = _head_digest(head, snapshot)
    words = np.frombuffer(json.dumps(head, sort_keys=True).encode(), np.uint8)
    content = BytesIO()
    arrays: dict[str, Any] = {f"array_{i}": snapshot.arrays[place] for i, place in enumerate(places)}
    np.savez(content, head=words, **arrays)
    return content.getvalue()


def from_bytes(content: bytes, mould: object) -> Any:
    """Pour the numbers of a file into `mould`; returns what it says about them.

    Raises
    ------
    SnapshotError
        It is no such file, is damaged, or is of another object; `mould` is then in no usable state.
    """
    try:
        largest = sum(array.nbytes for array in Snapshot.of(mould).arrays.values())
        with zipfile.ZipFile(BytesIO(content)) as archive:
            held = sum(info.file_size for info in archive.infolist())
        if held > largest + len(content) + _SLACK:
            raise SnapshotError(f"it would unpack to {held:,} bytes")
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes())
            snapshot = Snapshot()
            snapshot.leaves, snapshot.names = head["leaves"], head["names"]
            snapshot.arrays = {place: arrays[f"array_{i}"] for i, place in enumerate(head["places"])}
        if head["digest"] != _head_digest({**head, "digest": None}, snapshot):
            raise SnapshotError("its digest is not that of its content")
        snapshot.pour_into(mould)
        return head["about"]
    except SnapshotError:
        raise
    except Exception as error:  # a crafted file can make zipfile, numpy, json and pydantic raise almost anything
        raise SnapshotError(f"{type(error).__name__}: {one_line(error, 200)}") from None


def _head_digest(head: Mapping[str, Any], snapshot: Snapshot) -> str:
    beside = json.dumps([head["schema"], head["about"], head["places"]], sort_keys=True)
    return hashlib.sha256(f"{beside} {snapshot.digest()}".encode()).hexdigest()
