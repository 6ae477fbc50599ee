"""Measuring on a GPU, against one that is imagined: a meter with updates, wrap-arounds and refusals, and no waiting."""

import sys

import pytest
from helpers.statistics import relative

from revpath.devices.base.errors import RevpathError
from revpath.devices.base.record import load_records
from revpath.energy_models.gpu import workloads as gpu_workloads
from revpath.energy_models.gpu.measure import MIN_UPDATES, Settings, as_toml, campaign, measure, measure_idle, slug
from revpath.energy_models.gpu.nvml import Clock, MeterError, NoGpu, NvmlMeter, Timeline, counter_difference
from revpath.energy_models.gpu.workloads import NAMES, Repeated, workloads

IDLE_W, BUSY_W, UPDATE_S = 100.0, 500.0, 0.05


class World:
    """Time, and a GPU that draws `BUSY_W` while it works and `IDLE_W` otherwise, by a counter of steps."""

    def __init__(self, start_mJ=0, counter=True, update_s=UPDATE_S):
        self.t, self.J, self.power, self.start, self.counter, self.update_s = (
            0.0,
            0.0,
            IDLE_W,
            start_mJ,
            counter,
            update_s,
        )
        self.shown = 0.0
        self.name = 'NVIDIA Imagined 1 "GB"'
        self.clock = Clock(lambda: self.t, self.let_pass)

    def let_pass(self, seconds):
        end = self.t + seconds
        while self.t < end - 1e-12:
            step = min(end, (int(self.t / self.update_s + 1e-9) + 1) * self.update_s) - self.t
            self.t += step
            self.J += step * self.power
            if abs(self.t / self.update_s - round(self.t / self.update_s)) < 1e-9:
                self.shown = self.J

    def energy_mJ(self):
        return (self.start + int(self.shown * 1e3)) % 2**64 if self.counter else None

    def power_W(self):
        return self.power

    def temperature_C(self):
        return 55.0

    def clock_MHz(self):
        return 1980.0


class Work:
    name, unit = "gemm_bf16", "flop"

    def __init__(self, world, seconds=0.093, amount=1e12):
        self.world, self.seconds, self.amount = world, seconds, amount
        self.conditions = {"n": 8192, "format": "bf16"}
        self.runs = 0

    def run(self):
        self.runs += 1
        self.world.power = BUSY_W
        self.world.let_pass(self.seconds)
        self.world.power = IDLE_W
        return self.amount


QUICK = Settings(seconds=10, trials=3, warm_up=2, cool_down=1)


def test_idle_power():
    world = World()
    window = measure_idle(world, QUICK, world.clock)
    assert window.watts == relative(IDLE_W, rel=0.01)
    assert window.by == "counter"
    assert window.resolution_J == relative(IDLE_W * UPDATE_S, rel=0.05)


def test_energy_of_a_workload_within_its_own_error():
    world = World()
    found = measure(world, Work(world), IDLE_W, QUICK, world.clock)
    each = BUSY_W * 0.093 / 1e12
    assert len(found.trials) == 3
    assert found.joules_each == relative(each, rel=2 * found.relative_error)
    assert found.joules_each == relative(each, rel=0.02)
    assert found.above_idle_each == relative(each * 0.8, rel=0.03)
    assert found.rate == relative(1e12 / 0.093, rel=0.01)
    assert found.watts == relative(BUSY_W, rel=0.02)
    assert found.relative_error < 0.05


def test_a_coarse_counter_is_waited_out_not_read_as_zero():
    world = World(update_s=1.0)
    found = measure(world, Work(world), IDLE_W, Settings(seconds=0.5, trials=1, warm_up=0, cool_down=0), world.clock)
    assert found.trials[0].window.seconds >= MIN_UPDATES - 2
    assert found.watts == relative(BUSY_W, rel=0.06)


def test_work_is_warmed_up_and_cooled_down_between_trials():
    world = World()
    work = Work(world)
    measure(world, work, IDLE_W, Settings(seconds=2, trials=2, warm_up=1.0, cool_down=7), world.clock)
    # 11 pieces of warm-up, one before the second trial, 22 a trial; 7 s of waiting
    assert work.runs == 11 + 22 + 1 + 22
    assert world.t == relative(56 * 0.093 + 7)


def test_a_counter_that_wraps_around():
    world = World(start_mJ=2**64 - 300_000)
    found = measure(world, Work(world), IDLE_W, QUICK, world.clock)
    assert found.watts == relative(BUSY_W, rel=0.02)


def test_differences_of_the_counter():
    assert counter_difference(5, 7) == 2
    assert counter_difference(2**64 - 3, 4) == 7
    with pytest.raises(MeterError, match="ran backwards, 1000 to 4 mJ: was the driver reloaded"):
        counter_difference(1000, 4)


def test_without_a_counter_power_is_polled():
    world = World(counter=False)
    found = campaign(world, [Work(world)], QUICK, world.clock)
    assert found.idle.by == "polling"
    assert any("no energy counter" in note for note in found.notes)
    assert found.idle.watts == relative(IDLE_W)


def test_windows_shorter_than_an_update_are_refused():
    world = World()
    timeline = Timeline(world, world.clock)
    timeline.read()
    world.let_pass(0.01)
    timeline.read()
    with pytest.raises(MeterError, match="shorter than an update"):
        timeline.window()


def test_a_counter_that_stands_still():
    world = World(update_s=1e9)
    with pytest.raises(MeterError, match="stood still for 2 s"):
        measure_idle(world, QUICK, world.clock)
    with pytest.raises(MeterError, match="gemm_bf16: the meter moved 0 times in 1"):
        measure(world, Work(world), IDLE_W, QUICK, world.clock)


def test_a_drift_of_idle_power_is_noted():
    world = World()

    class Heavy(Work):
        def run(self):
            amount = super().run()
            self.world.power = 1.5 * IDLE_W
            return amount

    found = campaign(world, [Heavy(world)], QUICK, world.clock)
    assert "idle power went from 100.0 W to 150.0 W" in found.notes[0]


def test_the_file_is_a_library_of_records(tmp_path):
    world, said = World(), []
    found = campaign(world, [Work(world)], QUICK, world.clock, said.append)
    assert said == ["idle", "gemm_bf16", "idle again"]
    path = tmp_path / "measured.toml"
    path.write_text(as_toml(found, "2026-11-23"), encoding="utf-8")
    records = load_records(path)
    name = "measured.imagined_1_gb.gemm_bf16"
    assert set(records) == {"measured.imagined_1_gb.idle", name, f"{name}.above_idle", f"{name}.power"}
    record = records[name]
    assert record.to("pJ/flop") == relative(46.5, rel=0.02)
    assert (record.evidence, record.read_in) == ("measured", "primary")
    assert record.conditions["n"] == 8192
    assert record.conditions["trials"] == 3
    assert record.conditions["temperature_C"] == 55
    assert record.uncertainty.sigma_ln >= 0.05
    assert "2026-11-23" in record.source.citation


def test_names_become_ids():
    assert slug("NVIDIA H100 80GB HBM3") == "h100_80gb_hbm3"
    assert slug("NVIDIA") == "gpu"


@pytest.mark.parametrize(
    ("change", "message"),
    [({"seconds": 0}, "seconds = 0"), ({"trials": 0}, "trials = 0"), ({"warm_up": -1}, "warm_up = -1")],
)
def test_bad_settings(change, message):
    with pytest.raises(MeterError, match=message):
        Settings(**change)


class Nvml:
    """A module like pynvml, of one GPU."""

    NVML_ERROR_NOT_SUPPORTED, NVML_TEMPERATURE_GPU, NVML_CLOCK_SM = 3, 0, 1

    class NVMLError(Exception):
        def __init__(self, value):
            super().__init__(f"error {value}")
            self.value = value

    def __init__(self, fails=None, count=1):
        self.fails, self.count, self.shut = fails or {}, count, 0

    def __getattr__(self, name):
        answers = {
            "nvmlDeviceGetCount": self.count,
            "nvmlDeviceGetHandleByIndex": "handle",
            "nvmlDeviceGetName": b"NVIDIA H100",
            "nvmlDeviceGetTotalEnergyConsumption": 12345,
            "nvmlDeviceGetPowerUsage": 250_000,
            "nvmlDeviceGetTemperature": 41,
            "nvmlDeviceGetClockInfo": 1755,
            "nvmlInit": None,
        }
        if name not in answers:
            raise AttributeError(name)

        def call(*_):
            if name in self.fails:
                raise self.NVMLError(self.fails[name])
            return answers[name]

        return call

    def nvmlShutdown(self):
        self.shut += 1


def test_the_meter_by_nvml():
    nvml = Nvml()
    with NvmlMeter(nvml=nvml) as meter:
        assert (meter.name, meter.energy_mJ(), meter.power_W()) == ("NVIDIA H100", 12345, 250.0)
        assert (meter.temperature_C(), meter.clock_MHz()) == (41.0, 1755.0)
    assert nvml.shut == 1


def test_a_gpu_without_a_counter_and_one_whose_counter_fails():
    assert NvmlMeter(nvml=Nvml({"nvmlDeviceGetTotalEnergyConsumption": 3})).energy_mJ() is None
    with pytest.raises(MeterError, match="cannot be read: error 15"):
        NvmlMeter(nvml=Nvml({"nvmlDeviceGetTotalEnergyConsumption": 15})).energy_mJ()
    with pytest.raises(MeterError, match="nvmlDeviceGetPowerUsage of NVIDIA H100"):
        NvmlMeter(nvml=Nvml({"nvmlDeviceGetPowerUsage": 15})).power_W()


def test_no_gpu_is_said_plainly(monkeypatch):
    with pytest.raises(NoGpu, match="no NVIDIA driver answers: error 9"):
        NvmlMeter(nvml=Nvml({"nvmlInit": 9}))
    nvml = Nvml(count=0)
    with pytest.raises(NoGpu, match="gpu = 0 is not there: 0 found"):
        NvmlMeter(nvml=nvml)
    assert nvml.shut == 1
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(NoGpu, match="nvidia-ml-py is not installed"):
        NvmlMeter()
    assert issubclass(NoGpu, RevpathError)


def test_no_torch_is_said_plainly(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(NoGpu, match="no PyTorch"):
        workloads()

    class Torch:
        class cuda:
            @staticmethod
            def is_available():
                return False

    with pytest.raises(NoGpu, match="no CUDA device"):
        workloads(torch=Torch)


def test_pieces_are_repeated_until_a_call_takes_a_tenth_of_a_second():
    world, calls = World(), []

    def once():
        calls.append(world.t)
        world.let_pass(0.002)

    synchronised = []
    piece = Repeated("x", "flop", {}, once, 7.0, lambda: synchronised.append(world.t), lambda: world.t)
    before = world.t
    assert piece.run() == 50 * 7.0
    assert world.t - before == relative(0.1)
    assert len(synchronised) == 4


SMALL = {
    "gemm": {"n": 32},
    "copy": {"size": 4096},
    "gibbs": {"visible": 8, "hidden": 4, "chains": 2},
    "transformer": {"batch": 1},
}


@pytest.mark.parametrize("name", NAMES)
def test_workloads_run_on_a_processor_too(name):
    torch = pytest.importorskip("torch", reason="the workloads are PyTorch's", exc_type=ImportError)
    torch.set_num_threads(1)
    make = getattr(gpu_workloads, f"_{name}")
    label, unit, conditions, once, amount = make(torch, torch.device("cpu"), **SMALL[name])
    once()
    assert label
    assert unit in ("flop", "byte_moved", "sample")
    assert conditions
    assert amount == {"gemm": 2 * 32**3, "copy": 8192, "gibbs": 24, "transformer": amount}[name] > 0


def test_workloads_are_known_by_name():
    class Torch:
        class cuda:
            @staticmethod
            def is_available():
                return True

    with pytest.raises(NoGpu, match="workload = 'sort' is not one of gemm, copy"):
        workloads(("sort",), torch=Torch)
