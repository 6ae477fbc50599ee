"""Import paths of revpath 0.1, which go on working until 0.3: the module that stands there now, with a warning.

The table is history and does not grow: a name that moves from now on keeps its old path by the face of its folder.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "devices.aihwkit_parameters": "devices.aihwkit.parameters",
    "devices.compile": "devices.base.compile",
    "devices.errors": "devices.base.errors",
    "devices.fields": "devices.laws.fields",
    "devices.gallery_page": "devices.figures.gallery",
    "devices.lazy": "devices.base.lazy",
    "devices.plot": "devices.figures.card",
    "devices.programming": "devices.laws.programming",
    "devices.pulsed": "devices.response.pulsed",
    "devices.read_fits": "devices.laws.read_fits",
    "devices.read_noise": "devices.laws.read_noise",
    "devices.record": "devices.base.record",
    "devices.retention": "devices.laws.retention",
    "devices.sections": "devices.laws.sections",
    "devices.shaped_steps": "devices.response.shaped_steps",
    "devices.soft_bounds": "devices.response.soft_bounds",
    "devices.step_laws": "devices.response.step_laws",
    "devices.trace_choice": "devices.traces.choice",
    "devices.trace_directions": "devices.traces.directions",
    "devices.trace_filter": "devices.traces.filter",
    "devices.trace_fit": "devices.traces.fit",
    "devices.trace_kernels": "devices.traces.kernels",
    "devices.trace_laws": "devices.traces.laws",
    "devices.trace_numbers": "devices.traces.numbers",
    "devices.trace_plot": "devices.figures.traces",
    "devices.trace_report": "devices.traces.report",
    "devices.trace_samples": "devices.traces.samples",
    "devices.trace_search": "devices.traces.search",
    "devices.units_shown": "devices.base.units_shown",
    "ebm.analog": "ebm.synapses.analog",
    "ebm.conditional": "ebm.models.conditional",
    "ebm.exact": "ebm.evaluation.exact",
    "ebm.kernels": "ebm.models.posterior_kernels",
    "ebm.posterior": "ebm.models.posterior",
    "ebm.rbm": "ebm.models.rbm",
    "ebm.validation": "ebm.models.checks",
    "energy_models.barrier": "energy_models.framework.barrier",
    "energy_models.bill": "energy_models.prices.bill",
    "energy_models.bill_page": "energy_models.figures.bills_page",
    "energy_models.bill_plot": "energy_models.figures.bills",
    "energy_models.chip": "energy_models.prices.chip",
    "energy_models.claim": "energy_models.claims.claim",
    "energy_models.claim_parts": "energy_models.claims.parts",
    "energy_models.claims_inference": "energy_models.claims.inference",
    "energy_models.claims_panther": "energy_models.claims.panther",
    "energy_models.claims_report": "energy_models.claims.table",
    "energy_models.claims_sampling": "energy_models.claims.sampling",
    "energy_models.claims_training": "energy_models.claims.training",
    "energy_models.component_laws": "energy_models.components.laws",
    "energy_models.cost_law": "energy_models.framework.cost_law",
    "energy_models.gpu_measure": "energy_models.gpu.measure",
    "energy_models.gpu_model": "energy_models.gpu.model",
    "energy_models.gpu_workloads": "energy_models.gpu.workloads",
    "energy_models.left_out": "energy_models.validation.gpus",
    "energy_models.limits": "energy_models.prices.floors",
    "energy_models.loss_law": "energy_models.framework.loss_law",
    "energy_models.measured": "energy_models.validation.measured",
    "energy_models.measured_plot": "energy_models.figures.measured",
    "energy_models.metered": "energy_models.gpu.metered",
    "energy_models.nvml": "energy_models.gpu.nvml",
    "energy_models.pricing": "energy_models.prices.pricing",
    "energy_models.road": "energy_models.framework.road",
    "energy_models.runs": "energy_models.gpu.runs",
    "energy_models.runs_plot": "energy_models.figures.runs",
    "energy_models.scaling": "energy_models.components.scaling",
    "energy_models.sensitivity_plot": "energy_models.figures.tornado",
    "energy_models.services": "energy_models.prices.services",
    "energy_models.table": "energy_models.prices.table",
    "energy_models.training_work": "energy_models.gpu.training_work",
    "energy_models.transformer": "energy_models.gpu.transformer",
    "energy_models.transformer_memory": "energy_models.gpu.transformer_memory",
    "energy_models.validation_plot": "energy_models.figures.validation",
    "energy_models.vocabulary": "energy_models.prices.vocabulary",
    "energy_models.workload": "energy_models.prices.workload",
    "simulator.ageing": "simulator.cells.ageing",
    "simulator.cell_noise": "simulator.noise.cells",
    "simulator.circuit_noise": "simulator.noise.circuit",
    "simulator.converter_bank": "simulator.converters.bank",
    "simulator.crossbar": "simulator.arrays.crossbar",
    "simulator.drift_compensation": "simulator.arrays.drift_compensation",
    "simulator.effective_bits": "simulator.converters.effective_bits",
    "simulator.input_slices": "simulator.converters.input_slices",
    "simulator.lines": "simulator.reads.ohmic_lines",
    "simulator.operator": "simulator.arrays.operator",
    "simulator.outer_products": "simulator.updates.outer_products",
    "simulator.parts": "simulator.arrays.parts",
    "simulator.plots": "simulator.figures.arrays",
    "simulator.programming_report": "simulator.programming.report",
    "simulator.pulse_laws": "simulator.pulses.laws",
    "simulator.pulse_plan": "simulator.pulses.plan",
    "simulator.pulse_sums": "simulator.updates.sums",
    "simulator.pulse_trains": "simulator.pulses.trains",
    "simulator.pulse_walk": "simulator.updates.walk",
    "simulator.readout": "simulator.converters.readout",
    "simulator.telegraph": "simulator.noise.telegraph",
    "simulator.tiles": "simulator.arrays.tiles",
    "simulator.verify": "simulator.programming.write_verify",
    "simulator.verify_kernels": "simulator.programming.kernels",
    "simulator.weight_slices": "simulator.arrays.weight_slices",
    "simulator.wired_lines": "simulator.reads.wired_lines",
    "studies.barrier_cli": "studies.commands.barrier",
    "studies.baseline": "studies.baselines.transformer",
    "studies.baseline_schema": "studies.baselines.curves",
    "studies.baseline_tuning": "studies.baselines.tuning",
    "studies.chips_cli": "studies.commands.chips",
    "studies.claims_cli": "studies.commands.claims",
    "studies.cli": "studies.commands.cli",
    "studies.doctor": "studies.commands.doctor",
    "studies.figures": "studies.compare.figure",
    "studies.files": "devices.base.files",
    "studies.flips": "studies.compare.leverage",
    "studies.gpt": "studies.baselines.gpt",
    "studies.gpu_cli": "studies.commands.gpu",
    "studies.gpu_measured": "studies.commands.gpu_measured",
    "studies.gpu_validation": "studies.commands.gpu_validation",
    "studies.learn": "studies.compare.learn",
    "studies.ngram": "studies.baselines.ngram",
    "studies.recipes": "studies.compare.recipes",
    "studies.records_cli": "studies.commands.records",
    "studies.report": "studies.commands.compare",
    "studies.report_boundaries": "studies.commands.boundaries",
    "studies.text": "studies.tasks.text",
    "studies.training_rules": "studies.rules.study",
    "studies.training_rules_figure": "studies.rules.figure",
    "studies.training_rules_report": "studies.commands.rules",
    "studies.training_tasks": "studies.tasks.tasks",
    "studies.verdict": "studies.compare.verdict",
}


class _Redirect(MetaPathFinder, Loader):
    """Finds what no other finder found, where the table knows it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        known = fullname.startswith("revpath.") and fullname.removeprefix("revpath.") in MOVED
        return ModuleSpec(fullname, self) if known else None

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        moved = f"revpath.{MOVED[name.removeprefix('revpath.')]}"
        warnings.warn(f"{name} is {moved} now; the old path goes with revpath 0.3", DeprecationWarning, stacklevel=2)
        sys.modules[name] = import_module(moved)  # the import system hands out what stands here after this call


def install() -> None:
    """Append the finder, once a process."""
    if not any(isinstance(finder, _Redirect) for finder in sys.meta_path):
        sys.meta_path.append(_Redirect())
