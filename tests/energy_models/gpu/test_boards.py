"""The board that works is the board that is metered, on machines that are imagined; what cannot be shown is refused."""

import itertools
import os
import sys
from io import StringIO

import pytest
from helpers.gpus import Machine, uuid
from helpers.statistics import relative
from rich.console import Console

from revpath.devices.base.record import load_records
from revpath.energy_models.gpu import nvml
from revpath.energy_models.gpu.boards import Board, NotThere, Visible, WrongBoard, board_of, boards, visible
from revpath.energy_models.gpu.nvml import Clock, MeterError, NoGpu, NvmlMeter
from revpath.studies.commands import gpu
from revpath.studies.commands.gpu import run_gpu_measure

COUNTER, POWER = "nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetPowerUsage"


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """`revpath gpu measure` on a machine, in imagined time: records, what was said."""

    def run(machine, index=0, names=("gemm",), **environment):
        for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setitem(sys.modules, "pynvml", machine.nvml)
        monkeypatch.setitem(sys.modules, "torch", machine.torch)
        monkeypatch.setattr(gpu, "_compare", lambda *_: None)  # the figure is tested elsewhere and takes a second
        monkeypatch.setattr(nvml, "_ZERO_S", 0.0)  # a counter that says 0 is waited for in real time
        out = StringIO()
        path = run_gpu_measure(
            tmp_path / "measured.toml", names, index=index, seconds=3, trials=2, console=Console(file=out, width=300),
            clock=Clock(lambda: machine.t, machine.spend),
        )  # fmt: skip
        return None if path is None else load_records(path), out.getvalue()

    return run


def power(records):
    return next(r.to("W") for id, r in records.items() if id.endswith("gemm_bf16.power"))


@pytest.mark.parametrize("shown", [p for n in (1, 2, 3) for p in itertools.permutations(range(3), n)])
def test_the_board_that_works_is_metered_in_every_order_that_cuda_can_show(measured, shown):
    for index, board in enumerate(shown):
        records, said = measured(Machine(3, list(shown)), index)
        assert power(records) == relative(450 + 10 * board, rel=0.01)
        assert f"NVML's board {board}, which is CUDA's GPU {index}" in said


@pytest.mark.parametrize("props", [("uuid",), ("bus",)])
def test_either_uuid_or_bus_is_enough(measured, props):
    records, _ = measured(Machine(2, [1, 0], props=props), 0)
    assert power(records) == relative(460, rel=0.01)


def test_a_uuid_that_nvml_does_not_tell_falls_back_to_the_bus(measured):
    records, _ = measured(Machine(2, [1], lacks={"nvmlDeviceGetUUID": 3}), 0)
    assert power(records) == relative(460, rel=0.01)


def test_without_properties_a_board_is_taken_only_where_there_is_no_doubt(measured):
    blind = {"props": ()}
    assert power(measured(Machine(1, **blind))[0]) == relative(450, rel=0.01)  # the only one
    with pytest.raises(WrongBoard, match="which of NVML's 2 boards .*CUDA_VISIBLE_DEVICES is not set"):
        measured(Machine(2, **blind))
    with pytest.raises(WrongBoard, match="CUDA_VISIBLE_DEVICES = '1'"):
        measured(Machine(2, [1], **blind), CUDA_VISIBLE_DEVICES="1")  # by speed or by bus?
    two_kinds = Machine(2, [1, 0], names=["NVIDIA A100", "NVIDIA H100"], **blind)
    assert power(measured(two_kinds)[0]) == relative(460, rel=0.01)
    by_bus = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    assert power(measured(Machine(2, [1], **blind), CUDA_VISIBLE_DEVICES="1", **by_bus)[0]) == relative(460, rel=0.01)
    assert power(measured(Machine(2, **blind), 1, **by_bus)[0]) == relative(460, rel=0.01)
    by_uuid = f"GPU-{uuid(1)[:12]}"
    assert power(measured(Machine(2, [1], **blind), CUDA_VISIBLE_DEVICES=by_uuid)[0]) == relative(460, rel=0.01)
    with pytest.raises(WrongBoard):
        measured(Machine(2, [1], **blind), CUDA_VISIBLE_DEVICES="GPU-0")  # begins both


def test_properties_that_contradict_each_other_are_refused():
    found = [Board(k, "H100", uuid(k), (0, k + 1, 0)) for k in range(2)]
    with pytest.raises(WrongBoard, match="another UUID"):
        board_of(Visible(0, 2, "H100", uuid(0), (0, 2, 0)), found, {})
    with pytest.raises(WrongBoard, match="as a MIG slice would"):
        board_of(Visible(0, 2, "H100", "1234", (0, 2, 0)), found, {})
    with pytest.raises(WrongBoard, match="cannot be told"):
        board_of(Visible(0, 1, "H100", "1234", None), found[:1], {})  # it could be compared, and is another


def test_a_virtual_uuid_of_zeros_shows_nothing():
    class Zeros:
        class cuda:
            is_available = staticmethod(lambda: True)
            device_count = staticmethod(lambda: 1)

            @staticmethod
            def get_device_properties(_):
                return type("P", (), {"name": "GRID", "uuid": "00000000-0000-0000-0000-000000000000"})

    assert visible(Zeros, 0, {}).uuid is None


@pytest.mark.parametrize("setting", ["", "-1", "0,1"])
def test_gpus_that_are_hidden_or_not_so_many(measured, setting):
    shown = [0, 1] if setting == "0,1" else []
    with pytest.raises(
        NotThere, match=rf"gpu = 2 is not there: CUDA shows {len(shown)} .*CUDA_VISIBLE_DEVICES = '{setting}'"
    ):
        measured(Machine(3, shown), 2, CUDA_VISIBLE_DEVICES=setting)


def test_mig_is_refused_by_mode_and_by_name(measured):
    with pytest.raises(WrongBoard, match=r"H100.*MIG mode.*nvidia-smi -mig 0"):
        measured(Machine(2, mig=(0,)))
    with pytest.raises(WrongBoard, match="names a MIG slice"):
        measured(Machine(1), CUDA_VISIBLE_DEVICES="MIG-1234")
    assert power(measured(Machine(2, mig=(0,)), 1)[0]) == relative(460, rel=0.01)  # the other board is whole


@pytest.mark.parametrize("code", [3, 4, 13, "absent"])
def test_a_counter_that_is_missing_is_replaced_by_power_with_a_note(measured, code):
    records, said = measured(Machine(1, lacks={COUNTER: code}))
    assert "no energy counter: power was polled" in said
    assert any("no energy counter" in r.note for r in records.values())
    # 450 W while it works: PyTorch's stand-in leaves the board busy, so idle is polled right only before the work
    assert power(records) == relative(450, rel=0.01)


def test_a_counter_that_always_says_zero_is_no_counter(measured):
    machine = Machine(1)
    machine.counts = False
    records, said = measured(machine)
    assert "no energy counter" in said
    assert power(records) == relative(450, rel=0.01)


def test_a_board_that_tells_neither_energy_nor_power_and_one_that_fails(measured):
    with pytest.raises(MeterError, match="neither energy nor power"):
        measured(Machine(1, lacks={COUNTER: 3, POWER: 3}))
    with pytest.raises(MeterError, match="energy counter of NVIDIA H100 .* cannot be read: error 999"):
        measured(Machine(1, lacks={COUNTER: 999}))


@pytest.mark.parametrize(
    ("function", "key"), [("nvmlDeviceGetTemperature", "temperature"), ("nvmlDeviceGetClockInfo", "clock")]
)
@pytest.mark.parametrize("code", [3, 999, "absent"])
def test_what_the_board_does_not_tell_is_left_out_with_a_note(measured, function, key, code):
    records, said = measured(Machine(1, lacks={function: code}))
    assert f"the GPU tells no {key}" in said
    record = next(r for r in records.values() if "trials" in r.conditions)
    other = {"temperature": "clock_MHz", "clock": "temperature_C"}[key]
    assert other in record.conditions
    assert not any(name.startswith(key) for name in record.conditions)


def test_other_processes_are_named_and_this_one_is_not(measured):
    records, said = measured(Machine(1, processes=(4242, os.getpid())))
    assert "1 other process(es) on the board (pid 4242): the joules are theirs too" in said
    assert any("4242" in r.note for r in records.values())
    assert "other process" not in measured(Machine(1, processes=(os.getpid(),)))[1]
    hidden = {f"nvmlDeviceGet{kind}RunningProcesses": 3 for kind in ("Compute", "Graphics")}
    assert "cannot be listed here" in measured(Machine(1, lacks=hidden))[1]


def test_names_are_looked_at_before_anything_else(tmp_path):
    with pytest.raises(NotThere, match="'gemmm' is not one of .*did you mean 'gemm'"):
        run_gpu_measure(tmp_path, ["gemm", "gemmm"])
    with pytest.raises(NotThere, match="no workload is named"):
        run_gpu_measure(tmp_path, [])


def test_pytorch_s_errors_are_one_line(measured):
    machine = Machine(1)
    machine.fails_at["allocate"] = "CUDA out of memory. Tried to allocate 128.00 MiB\nlong tail"
    with pytest.raises(
        MeterError, match=r"^workload gemm: PyTorch says: CUDA out of memory. Tried to allocate 128.00 MiB$"
    ):
        measured(machine)


def test_what_was_measured_before_a_failure_is_written(measured, tmp_path):
    machine = Machine(1)  # its PyTorch knows matrix products only: the copy fails when it is first called
    machine.torch.empty_like = lambda _: (_ for _ in ()).throw(RuntimeError("CUDA error: device lost"))
    with pytest.raises(MeterError, match="not measured: workload copy: .*device lost .*the others are written in"):
        measured(machine, names=("gemm", "copy"))
    assert power(load_records(tmp_path / "measured.toml")) == relative(450, rel=0.01)


def test_a_failure_in_the_middle_of_the_only_workload_is_an_error(measured, tmp_path):
    machine = Machine(1)
    machine.fails_at["matmul"] = 12.0
    with pytest.raises(MeterError, match="workload gemm_bf16: PyTorch says: CUDA error: unspecified launch failure$"):
        measured(machine)
    assert list(tmp_path.iterdir()) == []


def test_a_machine_without_gpus(measured):
    records, said = measured(Machine(0))
    assert records is None
    assert said == "nothing was measured: PyTorch has no CUDA device here\n"


def test_boards_that_do_not_answer_are_passed_over():
    machine = Machine(2, lacks={"nvmlDeviceGetPciInfo": 999})
    assert [b.bus for b in boards(machine.nvml)] == [None, None]
    machine.lacks["nvmlDeviceGetHandleByIndex"] = 15
    assert boards(machine.nvml) == []
    with pytest.raises(NoGpu, match="GPU 0 does not answer"):
        NvmlMeter(nvml=machine.nvml)
