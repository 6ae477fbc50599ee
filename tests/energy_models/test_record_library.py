"""The library of cited numbers: every file loads, every derivation gives its value, nothing is a bare guess."""

import subprocess
import sys

import pytest
from helpers.statistics import relative

from revpath.devices.base.errors import RecordError, UnknownName
from revpath.devices.base.record import Record, evaluate_derivation, load_records
from revpath.energy_models import get
from revpath.energy_models import records as records_module
from revpath.energy_models.gpu.transformer import published_shape
from revpath.energy_models.records import library, library_files


@pytest.mark.parametrize("file", library_files(), ids=lambda file: file.name)
def test_every_file_loads(file):
    assert load_records(file)


@pytest.mark.parametrize("record", [r for r in library().values() if r.derivation], ids=lambda record: record.id)
def test_derivation_gives_the_value(record):
    assert evaluate_derivation(record.derivation) == relative(record.value, rel=5e-3)


def test_ids_are_unique_across_files(tmp_path, monkeypatch):
    files = library_files()
    twice = tmp_path / "twice.toml"
    twice.write_text(files[0].read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(records_module, "library_files", lambda: [*files, twice])
    with pytest.raises(RecordError, match=r"stands in adc_andrulis2024.toml and in twice.toml"):
        library.__wrapped__()


def test_the_library_is_large_enough_for_the_chips_and_counts_its_files():
    assert len(library()) == sum(len(load_records(file)) for file in library_files())
    assert all(isinstance(record, Record) for record in library().values())


def test_get_suggests_near_ids():
    with pytest.raises(UnknownName, match=r"adc.kull2013.energi.*near:.*adc.kull2013.energy"):
        get("adc.kull2013.energi")
    with pytest.raises(UnknownName, match=r"families:.*adc.*gpu"):
        get("zzzz")


def test_boltzmann_is_exact():
    k = get("constants.boltzmann")
    assert (k.value, k.uncertainty.kind, k.evidence) == (1.380649e-23, "exact", "exact")


@pytest.mark.parametrize(
    ("id", "low_pJ", "high_pJ"),
    [  # the table of Andrulis's model in energy.md section 2.1, to its printed digits
        ("adc.andrulis2024.14nm_4b", 0.1945, 0.1955),
        ("adc.andrulis2024.14nm_8b", 0.3615, 0.3625),
        ("adc.andrulis2024.14nm_12b", 6.05, 6.15),
        ("adc.andrulis2024.32nm_6b", 1.055, 1.075),
        ("adc.andrulis2024.32nm_8b", 1.705, 1.715),
        ("adc.andrulis2024.32nm_10b", 3.295, 3.315),
    ],
)
def test_adc_fit_against_the_independent_evaluation(id, low_pJ, high_pJ):
    assert low_pJ < get(id).to("pJ/conversion") < high_pJ


def test_adc_fit_agrees_with_the_converter_isaac_books():
    assert get("adc.andrulis2024.32nm_8b").value == relative(get("adc.isaac2016.energy").value, rel=0.03)


def test_gpu_run_energy_is_gpu_hours_times_power_over_model_flops():
    # 30.84 M GPU-hours at 700 W over 6 x 405e9 x 15.6e12 FLOP, by hand: 7.772e13 J / 3.791e25
    assert get("gpu.run.llama31_405b").to("pJ/flop") == pytest.approx(2.05, abs=0.005)
    assert get("gpu.gemm.h100_bf16").to("pJ/flop") == pytest.approx(0.88, abs=0.005)


SHAPES = {"llama2_": "llama2-", "llama31_": "llama3.1-"}


def test_one_run_has_one_number_of_parameters_and_tokens():
    """Of the price of a run and of the run of record; the published shape has it within two standard deviations.

    "405B" is what the card says, and its configuration has 0.21 % more.
    """
    records, compared = library(), 0
    for id, record in records.items():
        if id.startswith("gpu.run."):
            run = id.removeprefix("gpu.")
            for field, unit in (("parameters", "dimensionless"), ("tokens", "token")):
                assert records[f"{run}.{field}"].to(unit) == record.conditions[field], id
            compared += 1
    for family, name in SHAPES.items():
        for id, record in records.items():
            if id.startswith(f"run.{family}") and id.endswith(".parameters"):
                shape = published_shape(name + id.split(".")[1].removeprefix(family))
                assert shape.parameters() == pytest.approx(
                    record.value, rel=2 * getattr(record.uncertainty, "sigma_ln", 5e-5)
                ), id
                compared += 1
    assert compared == 10
    law = records["cost_law.llama31.tokens_per_parameter"].value
    price = records["gpu.run.llama31_405b"].conditions
    assert law == pytest.approx(price["tokens"] / price["parameters"], rel=1e-4)


def test_there_are_a_hundred_records_and_most_can_be_leaned_on():
    records = library().values()
    assert len(records) >= 100
    assert sum(record.shaky for record in records) < len(records) / 4


def test_importing_the_package_loads_neither_pint_nor_pandas():
    code = (
        "import sys, revpath.energy_models as m; "
        "bad = {'pint', 'pandas', 'pydantic', 'numpy', 'revpath.simulator'} & set(sys.modules); "
        "assert not bad, bad; assert m.price and 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_every_public_name_resolves():
    import revpath.energy_models as room

    assert all(getattr(room, name) is not None for name in room.__all__)
    with pytest.raises(AttributeError, match="no_such"):
        _ = room.no_such
