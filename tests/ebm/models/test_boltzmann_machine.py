"""A Boltzmann machine on any graph: colours, chains and gradient by enumeration, arrays, other samplers."""

from types import SimpleNamespace

import numpy as np
import pytest
from helpers.statistics import implausible, p_of_counts, plausible

from revpath.devices.base.errors import RevpathError
from revpath.ebm import BoltzmannMachine, DigitalSynapses
from revpath.ebm.evaluation import exact, graphs
from revpath.ebm.models.graph.graph import Graph, Uncolourable, graph_of
from revpath.ebm.models.graph.samplers import DimodSampler, GraphEnergy
from revpath.ebm.synapses.masked import MaskedSynapses, SparseSynapses
from revpath.simulator import Stream

networkx = pytest.importorskip("networkx")
WHEEL = [(0, 1), (1, 2), (2, 3), (3, 0), (4, 0), (4, 1), (4, 2), (4, 3)]  # 3 colours


def holding(graph=WHEEL, features=5, seed=2, **settings):
    rng = np.random.default_rng(seed)
    model = BoltzmannMachine(graph, n_iter=0, random_state=1, **settings).fit(np.zeros((1, features)))
    model.blocks_.program(rng.normal(0, 1.0, len(model.graph_.edges)))
    model.blocks_.biases[:] = rng.normal(0, 0.5, model.graph_.n_units)
    return model


def law_of(model):
    energy = model.energy()
    return graphs.probabilities(energy.edges, energy.couplings, energy.biases)


def state_counts(states):
    return np.bincount((states @ (1 << np.arange(states.shape[1]))).astype(int), minlength=2 ** states.shape[1])


# --- graphs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_no_two_neighbours_share_a_colour(seed):
    made = networkx.gnp_random_graph(40, 0.2, seed=seed)
    graph = graph_of(made)
    colours = graph.colours()
    assert (colours[graph.edges[:, 0]] != colours[graph.edges[:, 1]]).all()
    assert sorted(set(colours)) == list(range(colours.max() + 1))
    assert [list(each) for each in graph.neighbours] == [sorted(made.neighbors(node)) for node in made]


def test_two_colours_are_found_where_there_are_two_and_refused_where_not():
    bipartite = graph_of(networkx.grid_2d_graph(5, 6))
    assert bipartite.nodes[1] == (0, 1)
    assert bipartite.colours(2).max() == 1
    with pytest.raises(Uncolourable, match="ring of odd length through unit 0: 2 colours"):
        graph_of(networkx.cycle_graph(5)).colours(2)
    with pytest.raises(Uncolourable, match="n_colours = 3, but 5 were needed"):
        graph_of(networkx.complete_graph(5)).colours(3)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        ([(0, 0)], "couples unit 0 with itself"),
        ([(0, 1.5)], "no pair of units"),
        ([(0, -1)], "no pair of units"),
        ([(0, 1, 2)], "no pair of units"),
        ("ring", "graph = 'ring' must be"),
        (networkx.DiGraph([(0, 1)]), "graph is directed"),
    ],
)
def test_what_is_no_graph(graph, message):
    with pytest.raises(RevpathError, match=message):
        graph_of(graph)


# --- drawing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("synapses", [None, DigitalSynapses], ids=["sparse", "arrays"])
def test_chains_have_the_law_of_the_energy(synapses):
    model = holding(synapses=synapses)
    drawn = model.sample(4000, 20)
    plausible(p_of_counts(state_counts(drawn), 4000 * law_of(model)))
    energy = model.energy()
    hotter = graphs.probabilities(energy.edges, 0.8 * energy.couplings, energy.biases)
    implausible(p_of_counts(state_counts(drawn), 4000 * hotter))


def test_held_units_stay_and_the_others_have_the_conditional_law():
    model = holding()
    free, start = np.array([True, False, True, False, True]), np.tile(np.float32([0, 1, 0, 0, 0]), (4000, 1))
    states = model._swept(start, free, 20)
    assert (states[:, ~free] == [1, 0]).all()
    s, p = exact.states(5), law_of(model)
    kept = (s[:, 1] == 1) & (s[:, 3] == 0)
    plausible(p_of_counts(state_counts(states)[kept], 4000 * p[kept] / p[kept].sum()))


def test_sparse_synapses_are_a_dense_matrix_with_holes():
    rng = np.random.default_rng(0)
    mask = rng.random((7, 5)) < 0.4
    w, x, d = rng.normal(size=(7, 5)), rng.normal(size=(6, 7)), rng.normal(size=(6, 5))
    sparse, dense = SparseSynapses(mask), MaskedSynapses(DigitalSynapses((7, 5)), mask)
    for each in (sparse, dense):
        each.program(w.astype(np.float32))
        each.update(x.astype(np.float32), d.astype(np.float32), 0.1)
        after = np.where(mask, w + 0.1 * x.T @ d, 0)
        np.testing.assert_allclose(each.weights(), after, rtol=0, atol=1e-6)
        np.testing.assert_allclose(each.forward(x), x @ after, rtol=0, atol=1e-5)
        np.testing.assert_allclose(each.backward(d), d @ after.T, rtol=0, atol=1e-5)
        p, _ = each.sample(x, np.zeros(5, np.float32), Stream(1, "units"))
        np.testing.assert_allclose(p, 1 / (1 + np.exp(-(x @ after))), rtol=1e-4)
    edges = int(mask.sum())
    assert sparse.events["matmul.flop"] == 2 * 6 * edges * 4  # one update, two reads forward and one back


# --- learning --------------------------------------------------------------------------------------------------------


def test_a_long_chain_gives_the_exact_gradient():
    """3000 rows and chains at rate 1, units 0, 2, 3 visible: each statistic is a mean of 3000 draws (5.5 standard errors, twice)."""
    n, visible = 3000, [0, 2, 3]
    model = holding(visible=visible, features=3, batch_size=n, learning_rate=1.0, k=20, data_sweeps=20)
    rows = exact.states(3)[[1, 6, 6, 4]].repeat(n // 4, axis=0)
    energy, s, p = model.energy(), exact.states(5), law_of(model)
    with_data = np.zeros(32)
    for row in exact.states(3)[[1, 6, 6, 4]]:
        kept = (s[:, visible] == row).all(axis=1)
        with_data += np.where(kept, p, 0) / p[kept].sum() / 4
    shared = (energy.edges, energy.couplings, energy.biases)
    data, free = graphs.moments(*shared, given=with_data), graphs.moments(*shared)
    model.partial_fit(rows)
    after = model.energy()
    np.testing.assert_allclose(after.couplings - energy.couplings, data.couplings - free.couplings, rtol=0, atol=0.07)
    np.testing.assert_allclose(after.biases - energy.biases, data.biases - free.biases, rtol=0, atol=0.07)
    assert np.abs(data.couplings - free.couplings).max() > 0.2


def test_moments_are_slopes_of_log_z():
    model = holding()
    energy, eps = model.energy(), 1e-6
    couplings = energy.couplings.copy()
    ends = []
    for sign in (1, -1):
        couplings[3] = energy.couplings[3] + sign * eps
        ends.append(np.logaddexp.reduce(graphs.log_weights(energy.edges, couplings, energy.biases)))
    moments = graphs.moments(energy.edges, energy.couplings, energy.biases)
    assert moments.couplings[3] == pytest.approx((ends[0] - ends[1]) / (2 * eps), abs=1e-6)


@pytest.mark.parametrize("synapses", [None, "reram-sb-gong2018"])
def test_it_learns_what_a_ring_can(synapses):
    rows = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 60, axis=0)
    model = BoltzmannMachine([(0, 1), (1, 2), (2, 3), (3, 0)], n_iter=25, synapses=synapses, random_state=0).fit(rows)
    before = BoltzmannMachine([(0, 1), (1, 2), (2, 3), (3, 0)], n_iter=0, random_state=0).fit(rows)
    assert before.score(rows) == pytest.approx(-4 * np.log(2), abs=0.05)
    assert model.score(rows) > before.score(rows) + (1.0 if synapses is None else 0.3)


# --- another machine draws -------------------------------------------------------------------------------------------


class Enumerating:
    """Draws from the exact law of an Ising problem, as a sampler of dimod's kind."""

    def __init__(self):
        self.rng = np.random.default_rng(4)
        self.calls = 0

    def sample_ising(self, h, couplings, num_reads):
        self.calls += 1
        spins = 2 * exact.states(len(h)) - 1
        logs = -spins @ np.array([h[i] for i in range(len(h))])
        for (a, b), j in couplings.items():
            logs -= j * spins[:, a] * spins[:, b]
        p = np.exp(logs - np.logaddexp.reduce(logs))
        drawn = spins[self.rng.choice(len(p), num_reads, p=p)].astype(np.int8)
        order = self.rng.permutation(len(h))
        record = SimpleNamespace(sample=drawn[:, order], num_occurrences=np.ones(num_reads, int))
        return SimpleNamespace(record=record, variables=order)


def test_a_sampler_of_another_kind_draws_the_same_law():
    model = holding(sampler=DimodSampler(Enumerating()))
    plausible(p_of_counts(state_counts(model.sample(4000, 1)), 4000 * law_of(model)))
    free, start = np.array([True, False, True, False, True]), np.tile(np.float32([0, 1, 0, 0, 0]), (4000, 1))
    states, s, p = model._swept(start, free, 1), exact.states(5), law_of(model)
    kept = (s[:, 1] == 1) & (s[:, 3] == 0)
    plausible(p_of_counts(state_counts(states)[kept], 4000 * p[kept] / p[kept].sum()))
    fitted = BoltzmannMachine(
        [(0, 1), (1, 2), (2, 3)], sampler=DimodSampler(Enumerating()), n_iter=5, random_state=0
    ).fit(np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 60, axis=0))
    assert fitted.sampler.sampler.calls > 0
    assert fitted.couplings_[0] > 0 > fitted.couplings_[1]


def test_dimod_agrees_on_the_energy_of_every_state():
    dimod = pytest.importorskip("dimod")
    energy = holding().energy()
    h, couplings = energy.spins()
    of = {(int(a), int(b)): j for (a, b), j in zip(energy.edges, couplings, strict=True)}
    solved = dimod.ExactSolver().sample_ising(dict(enumerate(h)), of)
    states = (solved.record.sample[:, np.argsort(list(solved.variables))] + 1) / 2
    gaps = solved.record.energy - energy.of(states)
    np.testing.assert_allclose(gaps, gaps[0], rtol=0, atol=1e-9)


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"graph": networkx.path_graph(2)}, "graph has 2 units; X has 3 columns"),
        ({"graph": [(0, 1), (1, 2)], "n_hidden": 2}, "n_hidden = 2 must be 0"),
        ({"graph": [(0, 1), (1, 2)], "visible": [0, 1, 7]}, "must be 3 different nodes"),
        ({"graph": Graph(tuple("abcd"), np.array([[0, 1]]))}, "hidden unit 'd' has no neighbours"),
        ({"graph": [(0, 1), (1, 2), (0, 2)], "n_colours": 2}, "ring of odd length"),
        ({"n_colours": 0}, "n_colours = 0 must be"),
    ],
)
def test_what_cannot_be_fitted(settings, message):
    with pytest.raises(RevpathError, match=message):
        BoltzmannMachine(**settings).fit(np.zeros((4, 3)))


def test_rows_and_samplers_that_are_not_binary():
    with pytest.raises(RevpathError, match=r"X\[0, 0\] = 2.0 .*must lie in \[0, 1\]"):
        BoltzmannMachine().fit(np.full((2, 3), 2.0))
    with pytest.raises(RevpathError, match="must be 0 or 1"):
        holding().score_samples(np.full((1, 5), 0.5))
    with pytest.raises(RevpathError, match="has no sample_ising"):
        DimodSampler(object())
    liar = holding(sampler=lambda energy, states, free, sweeps, seed: 1 - states)
    with pytest.raises(RevpathError, match="equal where units are held"):
        liar._swept(np.zeros((2, 5), np.float32), np.array([True, False, True, True, True]), 1)
    assert GraphEnergy(np.array([[0, 1]]), np.array([2.0]), np.array([0.5, 0.0])).of(np.array([[1, 1]])) == [-2.5]
