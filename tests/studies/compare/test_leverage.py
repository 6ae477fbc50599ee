"""What the verdict hangs on: the stored result is priced again, and single changes really reverse it."""

import json

import pytest

from revpath.devices.base.errors import RevpathError
from revpath.studies.compare.leverage import leverage


def test_a_result_without_events_is_said_to_be_of_an_earlier_revpath(folder):
    path, _ = folder
    result = json.loads((path / "result.json").read_text())
    for contender in result["contenders"]:
        for stop in contender["stops"]:
            del stop["events"]
    (path / "result.json").write_text(json.dumps(result))
    with pytest.raises(RevpathError, match="no events of 'transformer-x-gpu' at 3.25 bits/char: .*earlier revpath"):
        leverage(path)


def test_what_is_no_result_is_named(tmp_path, folder):
    with pytest.raises(RevpathError, match="not a result of `revpath compare`"):
        leverage(tmp_path / "nowhere")
    path, _ = folder
    result = json.loads((path / "result.json").read_text())
    result["verdict"]["quality"] = None
    (path / "result.json").write_text(json.dumps(result))
    with pytest.raises(RevpathError, match="nothing was compared at equal quality"):
        leverage(path)
