"""A machine with GPUs that are imagined: what NVML and PyTorch say of it, and time that passes only when work is done.

Board k of NVML idles at 50 + 10 k W and draws 400 W more while PyTorch works on it. CUDA numbers the boards by `order`.
"""

from types import SimpleNamespace


class Machine:
    """visible: boards, in the order in which CUDA shows them. lacks: NVML functions that fail, by code."""

    def __init__(self, boards=2, visible=None, lacks=None, mig=(), props=("uuid", "bus"), names=None, processes=()):
        self.n, self.visible = boards, list(range(boards)) if visible is None else visible
        self.lacks, self.mig, self.props, self.processes = lacks or {}, mig, props, processes
        self.names = names or ["NVIDIA H100 80GB HBM3"] * boards
        self.t, self.busy, self.now_busy, self.counts = 0.0, [0.0] * boards, None, True
        self.fails_at = {}
        self.nvml, self.torch = _nvml(self), _torch(self)

    def spend(self, seconds):
        self.t += seconds

    def work(self, board, seconds):
        self.now_busy = board
        self.t += seconds
        self.busy[board] += seconds

    def millijoules(self, board):
        whole = int(self.t / 0.02) * 0.02
        return int(1e3 * ((50 + 10 * board) * whole + 400 * self.busy[board])) if self.counts else 0


def uuid(board):
    return f"0000000{board}-aaaa-bbbb-cccc-000000000000"


def _nvml(machine):
    class NVMLError(Exception):
        def __init__(self, value):
            super().__init__(f"error {value}")
            self.value = value

    def guarded(name, answer):
        def call(*arguments):
            if name in machine.lacks:
                raise NVMLError(machine.lacks[name])
            return answer(*arguments)

        return call

    def handle(index):
        if not 0 <= index < machine.n:
            raise NVMLError(2)
        return index

    answers = {
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlDeviceGetCount": lambda: machine.n,
        "nvmlDeviceGetHandleByIndex": handle,
        "nvmlDeviceGetName": lambda h: machine.names[h],
        "nvmlDeviceGetUUID": lambda h: f"GPU-{uuid(h)}",
        "nvmlDeviceGetPciInfo": lambda h: SimpleNamespace(busId=f"00000000:0{h + 1}:00.0".encode()),
        "nvmlDeviceGetMigMode": lambda h: (1, 1) if h in machine.mig else (0, 0),
        "nvmlDeviceGetTotalEnergyConsumption": machine.millijoules,
        "nvmlDeviceGetPowerUsage": lambda h: int(1e3 * (50 + 10 * h + (400 if machine.now_busy == h else 0))),
        "nvmlDeviceGetTemperature": lambda h, _: 40 + h,
        "nvmlDeviceGetClockInfo": lambda *_: 1980,
        "nvmlDeviceGetComputeRunningProcesses": lambda _: [SimpleNamespace(pid=p) for p in machine.processes],
        "nvmlDeviceGetGraphicsRunningProcesses": lambda _: [],
    }
    codes = {"NVML_ERROR_NOT_SUPPORTED": 3, "NVML_ERROR_NO_PERMISSION": 4, "NVML_ERROR_FUNCTION_NOT_FOUND": 13}
    numbers = {"NVML_TEMPERATURE_GPU": 0, "NVML_CLOCK_SM": 0, **codes}
    calls = {name: guarded(name, answer) for name, answer in answers.items() if machine.lacks.get(name) != "absent"}
    return SimpleNamespace(NVMLError=NVMLError, **numbers, **calls)


def _torch(machine):
    def properties(index):
        board = machine.visible[index]
        given = {"name": machine.names[board]}
        if "uuid" in machine.props:
            given["uuid"] = uuid(board)
        if "bus" in machine.props:
            given |= {"pci_bus_id": board + 1, "pci_device_id": 0, "pci_domain_id": 0}
        return SimpleNamespace(**given)

    def tensor(*_, device, dtype=None):
        if "allocate" in machine.fails_at:
            raise RuntimeError(machine.fails_at["allocate"])
        return machine.visible[device.index]

    def matmul(board, _, out):
        if machine.t > machine.fails_at.get("matmul", float("inf")):
            raise RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be reported later")
        machine.work(board, 0.002)
        return out

    cuda = SimpleNamespace(
        is_available=lambda: bool(machine.visible),
        device_count=lambda: len(machine.visible),
        get_device_properties=properties,
        synchronize=lambda _: None,
    )
    device = lambda kind, index: SimpleNamespace(type=kind, index=index)  # noqa: E731
    return SimpleNamespace(cuda=cuda, device=device, bfloat16="bf16", uint8="u8", randn=tensor, empty=tensor, zeros=tensor,
                           matmul=matmul)  # fmt: skip
