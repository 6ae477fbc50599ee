"""The store: whole records or none, whoever is killed; nothing lost, nothing doubled, no path absolute."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from revpath.studies.sweeps.store import Store, StoreError, decode, encode


def done(id, value=1.0):
    return {"id": id, "state": "done", "values": {"error": value}, "events": "{}"}


def test_a_record_is_read_as_it_was_written(tmp_path):
    store = Store(tmp_path)
    with store.writer() as writer:
        for n in range(5):
            writer.append(done(f"r{n}", n / 3))
    assert [r["values"]["error"] for r in Store(tmp_path).records()] == [n / 3 for n in range(5)]
    assert len(Store(tmp_path)) == 5
    assert "r3" in Store(tmp_path)
    assert "r9" not in Store(tmp_path)


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_record_that_was_cut_is_as_if_it_had_never_been(tmp_path, cut):
    store = Store(tmp_path)
    with store.writer() as writer:
        writer.append(done("whole"))
        writer.append(done("cut"))
    segment = next((tmp_path / "segments").iterdir())
    os.truncate(segment, segment.stat().st_size - cut)
    again = Store(tmp_path)
    assert "whole" in again
    assert "cut" not in again
    assert len(again.check().torn) == 1
    with again.writer() as writer:
        writer.append(done("cut", 2.0))
    assert Store(tmp_path).get("cut")["values"]["error"] == 2.0
    assert "whole" in Store(tmp_path)


def test_a_byte_that_was_changed_is_seen(tmp_path):
    store = Store(tmp_path)
    with store.writer() as writer:
        writer.append(done("one"))
        writer.append(done("two"))
    store.refresh()
    segment = next((tmp_path / "segments").iterdir())
    content = bytearray(segment.read_bytes())
    content[content.index(b'"error":1') + 8] = ord("7")
    segment.write_bytes(content)
    assert "one" not in Store(tmp_path)
    assert "two" in Store(tmp_path)
    assert len(store.check().torn) == 1
    with pytest.raises(StoreError, match="is damaged at byte 0"):
        store.get("one")  # indexed before the damage


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"0123456789abcdef {}\n", b"[" * 100_000, encode(done("x"))[:-1], b"\xff" * 50 + b"\n"]
)
def test_what_is_no_record_is_none(line):
    assert decode(line) is None


def test_done_wins_and_a_lease_ends(tmp_path):
    store = Store(tmp_path)
    with store.writer() as writer:
        writer.append({"id": "a", "state": "running", "until": time.time() + 100})
        writer.append({"id": "b", "state": "running", "until": time.time() - 1})
        writer.append({"id": "c", "state": "failed", "error": "no"})
        writer.append(done("d"))
        writer.append({"id": "d", "state": "failed", "error": "later"})
        store.refresh()
        assert [store.state(id) for id in "abcde"] == ["running", None, "failed", "done", None]
        writer.append(done("c"))
    store.refresh()
    assert store.state("c") == "done"
    assert store.status() == {"done": 2, "failed": 0, "timeout": 0, "running": 1, "expired": 1, "segments": 1}


def test_two_writers_do_not_meet(tmp_path):
    one, two = Store(tmp_path), Store(tmp_path)
    with one.writer() as first, two.writer() as second:
        for n in range(20):
            (first if n % 2 else second).append(done(f"r{n}"))
    one.refresh()
    assert len(one) == 20
    assert one.status()["segments"] == 2


def test_pack_and_merge_keep_every_record(tmp_path):
    left, right = Store(tmp_path / "left"), Store(tmp_path / "right")
    for store, ids in ((left, "abc"), (right, "cde")):
        for id in ids:
            with store.writer() as writer:
                writer.append(done(id, ord(id)))
    assert left.merge(right) == 2
    assert left.merge(right) == 0
    before = [json.dumps(r, sort_keys=True) for r in left.records()]
    assert left.pack() == 5
    assert [json.dumps(r, sort_keys=True) for r in Store(tmp_path / "left").records()] == before
    assert left.status()["segments"] == 1


def test_a_store_at_work_is_not_packed(tmp_path):
    store = Store(tmp_path)
    with store.writer() as writer:
        writer.append({"id": "a", "state": "running", "until": time.time() + 100})
        with pytest.raises(StoreError, match="a sweep is at work"):
            store.pack()


def test_a_store_may_be_moved(tmp_path):
    with Store(tmp_path / "here").writer() as writer:
        writer.append(done("a"))
    (tmp_path / "here").rename(tmp_path / "there")
    assert Store(tmp_path / "there").get("a")["values"] == {"error": 1.0}


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(StoreError, match=r"holds 'thesis.tex' and no segments"):
        Store(tmp_path)


def test_a_full_disk_costs_the_record_and_nothing_else(tmp_path, monkeypatch):
    store = Store(tmp_path)
    with store.writer() as writer:
        writer.append(done("kept"))
        real = os.write

        def full(handle, data):
            real(handle, data[:5])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(StoreError, match="No space left on device; what was there is kept"):
            writer.append(done("lost"))
        monkeypatch.setattr(os, "write", real)
        writer.append(done("after"))
    again = Store(tmp_path)
    assert ("kept" in again, "lost" in again, "after" in again) == (True, False, True)
    assert again.check().torn == []


WRITER = """
import sys
from revpath.studies.sweeps.store import Store
store = Store(sys.argv[1])
with store.writer() as writer:
    for n in range(100_000):
        writer.append({"id": f"{sys.argv[2]}-{n}", "state": "done", "values": {"n": n}, "events": "{}"})
        print(n, flush=True)
"""


def test_what_was_said_to_be_written_survives_a_kill(tmp_path):
    """SIGKILL at random moments: every record that the writer had announced is there, once, and right."""
    rng = random.Random(1)
    for round in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(round)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(rng.randrange(1, 200)):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        store = Store(tmp_path)
        assert all(store.get(f"{round}-{n}")["values"] == {"n": n} for n in range(last + 1))
    assert store.check().different == []
    assert store.check().doubled == 0


def test_the_index_of_many_records_holds_places_and_no_contents(tmp_path):
    """Memory is flat in what a record holds: ten thousand records of 10 kB take far less than 100 MB to index."""
    import tracemalloc

    big = "x" * 10_000
    with Store(tmp_path).writer() as writer:
        for n in range(2_000):
            writer.append(done(f"r{n}") | {"note": big})
    tracemalloc.start()
    store = Store(tmp_path)
    assert len(store) == 2_000
    assert sum(1 for _ in store.records()) == 2_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6
