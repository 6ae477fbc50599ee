"""Run by .ci/run with the wheel installed and the checkout out of reach: does the package carry all that it needs?"""

from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path
from sys import prefix

OPTIONAL = {"torch"}  # the extra `transformer`; the core must import without it

installed = [Path(str(f)) for f in distribution("revpath").files or []]
tops = {f.parts[0] for f in installed if f.parts[0] != ".."}
assert tops == {"revpath", f"revpath-{distribution('revpath').version}.dist-info"}, f"top-level names: {tops}"

modules = sorted(".".join(f.with_suffix("").parts) for f in installed if f.suffix == ".py")
for name in modules:
    try:
        module = import_module(name.removesuffix(".__init__"))
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        continue
    assert str(module.__file__).startswith(prefix), f"{name} comes from {module.__file__}, not from the wheel"

from revpath.devices import device_names, load_device  # noqa: E402
from revpath.energy_models import chip_names, load_chip  # noqa: E402
from revpath.energy_models.records import library  # noqa: E402
from revpath.studies.baselines.transformer import load_baseline  # noqa: E402
from revpath.studies.tasks.text import load_text  # noqa: E402

devices = [load_device(name) for name in device_names()]
chips = [load_chip(name) for name in chip_names()]
baseline = load_baseline(text=load_text())
assert all([devices, chips, library(), baseline.curves]), "a library of the wheel is empty"
print(
    f"{len(modules)} modules, {len(devices)} devices, {len(chips)} chips, {len(library())} records, "
    f"{len(baseline.curves)} baseline curves read from the wheel"
)
