"""Training runs of record: what was published of each."""

import pytest

from revpath.devices.base.errors import UnknownName
from revpath.energy_models import get
from revpath.energy_models.gpu.runs import load_run, run_names, runs
from revpath.energy_models.records import library


@pytest.mark.parametrize(
    ("name", "pJ", "mfu"),
    [  # the table of record: accelerator basis per 6 P T, and model FLOPs utilisation
        ("llama31_405b", 2.05, 0.345),
        ("llama31_70b", 2.78, 0.26),
        ("llama31_8b", 5.09, 0.14),
        ("llama2_70b", 2.99, 0.43),
        ("bloom", 4.03, 0.318),
        ("gpt3", 14.8, 0.20),
    ],
)
def test_the_table_of_record(name, pJ, mfu):
    run = load_run(name)
    assert run.joules_per_flop * 1e12 == pytest.approx(pJ, rel=0.01)
    assert run.mfu == pytest.approx(mfu, abs=0.006)


def test_published_energies_follow_from_their_basis():
    # 24.6 TFLOP/s, 330 W and PUE 1.10 reproduce the published 1287 MWh
    assert load_run("gpt3").energy_J / 3.6e9 == pytest.approx(1287, rel=1e-3)
    for run in runs("rated"):
        power = get(run.gpu.id("power")).to("W")
        assert run.energy_J == pytest.approx(run.hours * 3600 * power, rel=1e-3)
    assert load_run("transformer_big").energy_J == pytest.approx(1515.43 * 84 * 3600)


def test_only_logged_power_counts_as_measured():
    assert {run.name for run in runs("measured")} == {
        "gpt3", "olmo_20m", "olmo_60m", "olmo_150m", "olmo_300m", "olmo_700m", "olmo_1b", "olmo_7b", "olmo2_7b", "olmo2_13b",
        "olmo3_7b", "olmo3_32b", "olmoe",
    }  # fmt: skip
    for id, record in library().items():
        if id.startswith("run.") and id.endswith(".energy"):
            assert (record.evidence == "measured") == (record.conditions["basis"] == "measured"), id


def test_every_metered_energy_says_which_paper_and_which_meter():
    for run in runs("measured"):
        where = get(f"run.{run.name}.energy").conditions
        assert where["paper"]
        assert "power" in str(where["meter"])


def test_the_printed_table_of_morrison_holds_the_pue():
    # table 2: 157 MWh and 52 t at 0.332 kg/kWh; so the PUE of 1.2 is in the MWh already
    assert load_run("olmo2_7b").energy_J / 3.6e9 * 1.2 * 0.332 == pytest.approx(52, abs=0.5)
    assert load_run("olmo2_13b").energy_J / 3.6e9 * 1.12 * 0.351 == pytest.approx(101, abs=0.5)
    assert load_run("olmo2_13b").energy_J / 3.6e9 / 1.12 == pytest.approx(230, abs=1)  # what the table prints


def test_names():
    assert run_names()[0].startswith("transformer")
    with pytest.raises(UnknownName, match="run = 'gpt5'"):
        load_run("gpt5")
