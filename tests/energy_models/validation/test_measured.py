"""The GPU model beside a measured file: by hand, and refused where there is nothing to compare."""

import pytest

from revpath.devices.base.errors import RecordError
from revpath.energy_models import get
from revpath.energy_models.validation.measured import compare_measured

HEAD = '[sources.measured]\ncitation = "revpath gpu measure, for a test"\n'


def block(id, value, unit, conditions):
    return (
        f'\n[[record]]\nid = "{id}"\nvalue = {value}\nunit = "{unit}"\n'
        'uncertainty = { kind = "lognormal", sigma_ln = 0.05 }\nevidence = "measured"\nread_in = "primary"\n'
        f'source = "measured"\nconditions = {{ {conditions} }}\n'
    )


def write(tmp_path, gpu="NVIDIA H100 80GB HBM3", unit="J/flop", rate=7e14):
    about = f'gpu = "{gpu}", format = "bf16", rate_per_s = {rate}'
    path = tmp_path / "gpu.toml"
    path.write_text(
        HEAD
        + block("measured.h100.gemm_bf16", 1e-12, unit, about)
        + block("measured.h100.gemm_bf16.power", 650.0, "W", about)
        + block("measured.h100.gibbs", 1e-12, "J/sample", about)
        + block("measured.h100.gibbs.power", 400.0, "W", about),
        encoding="utf-8",
    )
    return path


def test_power_by_hand(tmp_path):
    (found,) = compare_measured(write(tmp_path), n_draws=500)
    s = get("gpu.busy_fraction").value
    watts = 100 + 600 * (s + (1 - s) * 7e14 / 794.5e12)
    assert (found.workload, found.measured_W) == ("gemm_bf16", 650.0)
    assert found.model_W.interval.nominal == pytest.approx(watts)
    assert found.error == pytest.approx(watts / 650 - 1)
    assert found.model_W.interval.low < watts < found.model_W.interval.high


def test_bytes_moved(tmp_path):
    (found,) = compare_measured(write(tmp_path, unit="J/byte_moved", rate=2e12), n_draws=500)
    assert found.model_W.interval.nominal == pytest.approx(100 + 600 * get("gpu.busy_fraction").value + 2e12 * 31.2e-12)


def test_samples_are_products_where_the_record_says_so(tmp_path):
    path = write(tmp_path, unit="J/sample", rate=1e11)
    path.write_text(
        path.read_text(encoding="utf-8").replace('format = "bf16"', 'format = "bf16", flop_per_sample = 2048')
    )
    found = {one.workload: one.model_W.interval.nominal for one in compare_measured(path, n_draws=500)}
    s = get("gpu.busy_fraction").value
    watts = 100 + 600 * (s + (1 - s) * 2048e11 / 794.5e12)
    assert found == {"gemm_bf16": pytest.approx(watts), "gibbs": pytest.approx(watts)}


def test_work_that_no_such_gpu_could_do_is_said(tmp_path):
    (found,) = compare_measured(write(tmp_path, rate=9e14), n_draws=500)
    assert (found.model_W, found.error) == (None, None)
    assert "at the best matrix product in bf16" in found.why


def test_figure_has_a_cross_and_a_dot(tmp_path):
    from matplotlib.figure import Figure

    from revpath.energy_models.figures.measured import plot_measured

    found = compare_measured(write(tmp_path), n_draws=500)
    ax = plot_measured(found, Figure().subplots(), "H100")
    marks = {line.get_marker(): float(line.get_xdata()[0]) for line in ax.get_lines() if len(line.get_xdata()) == 1}
    assert marks == {"x": 650.0, "o": found[0].model_W.interval.nominal}


def test_what_cannot_be_compared_is_refused(tmp_path):
    with pytest.raises(RecordError, match="no workload that the GPU model describes"):
        compare_measured(write(tmp_path, unit="J/sample"))
    with pytest.raises(RecordError, match="gpu = 'radeon' is none of"):
        compare_measured(write(tmp_path, gpu="Radeon"))
    assert compare_measured(write(tmp_path, gpu="Radeon"), "h100", n_draws=500)
