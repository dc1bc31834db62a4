"""The scripts of scripts/benchmarks, and what their committed pages say."""

import contextlib
import dataclasses
import importlib
import json
import sys
from pathlib import Path

import pytest

from jaxgan.errors import UserError
from jaxgan.experiment import Task
from jaxgan.game.gan import moves
from jaxgan.reproduce.measured import read_measured

BENCHMARKS = Path(__file__).parent.parent / "scripts" / "benchmarks"
RESULTS = BENCHMARKS / "results"
EXPERIMENTS = BENCHMARKS.parents[1] / "experiments"


@pytest.fixture(scope="module")
def scripts():
    """Lets scripts be imported, which import each other from their folder."""
    sys.path.insert(0, str(BENCHMARKS))
    yield
    sys.path.remove(str(BENCHMARKS))


def of_tables():
    """The runs of the committed tables of toys: ``(command, "ring, GAN") -> seed -> values``."""
    found = {}
    for name in ("toys", "toys-veegan"):
        told = json.loads((RESULTS / f"{name}.json").read_text())
        for data, methods in told["runs"].items():
            for method, runs in methods.items():
                values = {run["seed"]: run["values"] for run in runs}
                found[told["command"], f"{data}, {method}"] = values
    return found


def test_measured_numbers_are_those_of_the_tables_of_toys():
    """Every run that a committed number has from a table, seed by seed."""
    tables, seen = of_tables(), 0
    for file in (EXPERIMENTS / "results").glob("*_mixture.json"):
        for result in read_measured(file):
            runs = tables.get((result.command, result.metric.partition(":")[0]))
            if runs is None:
                continue
            assert {run.seed for run in result.runs} == set(runs)
            for run in result.runs:
                for name, value in run.values.items():
                    assert value == float(runs[run.seed][name])
            seen += 1
    assert seen


def test_measured_numbers_of_gan_mnist_are_those_of_the_table_of_parzen():
    told = json.loads((RESULTS / "parzen.json").read_text())
    last = max(told["scores"], key=lambda row: row["epochs"])
    found = [
        result
        for result in read_measured(EXPERIMENTS / "results" / "gan.json")
        if result.command == told["command"]
    ]
    for result in found:
        weights = last["last" if "last weights" in result.metric else "averaged"]
        (run,) = result.runs
        assert run.values["parzen/mean"] == weights["mean"]
        assert run.values["parzen/standard_error"] == weights["standard_error"]


@pytest.mark.parametrize("page", sorted(RESULTS.glob("*.md")), ids=lambda page: page.stem)
def test_a_committed_page_names_its_own_runs_and_command(page):
    text, told = page.read_text(), json.loads(page.with_suffix(".json").read_text())
    assert f"is in `{page.stem}.json`" in " ".join(text.split())
    if "command" in told:
        assert f"`{told['command']}`" in text


@pytest.mark.parametrize(
    "name", ["extractors", "cpu_convolutions", "speed", "growth", "compile_tpu"]
)
def test_a_committed_page_is_what_its_script_makes_of_the_numbers(scripts, name):
    told = json.loads((RESULTS / f"{name}.json").read_text())
    page = importlib.import_module(name).page(told)
    assert page == (RESULTS / f"{name}.md").read_text()


def test_the_committed_page_of_the_loop_is_that_of_its_numbers(scripts):
    told = json.loads((RESULTS / "loop.json").read_text())
    page = importlib.import_module("loop").pages(told)
    assert page == (RESULTS / "loop.md").read_text()


def test_the_committed_times_of_streamed_data_are_those_of_the_numbers(scripts):
    import feed

    told = json.loads((RESULTS / "feed.json").read_text())
    assert feed.table(told["rows"], told["before"]) in (RESULTS / "feed.md").read_text()
    assert feed.times_of(RESULTS / "feed.json") == told["rows"]
    with pytest.raises(UserError, match=r"--before .*toys\.json: is not a result of this script"):
        feed.times_of(RESULTS / "toys.json")
    with pytest.raises(UserError, match="--steps 5: must be at least 20"):
        feed.main(feed.Feed(steps=5))


def test_streamed_data_are_timed(scripts, tmp_path, monkeypatch):
    import feed

    monkeypatch.setattr(feed, "CASES", ((2, 1),))
    assert feed.main(feed.Feed(steps=4, per_dispatch=2, out=tmp_path / "few")) == 0
    (row,) = json.loads((tmp_path / "few.json").read_text())["rows"]
    assert row["read"] >= 2
    assert row["ideal"] == max(row["read"], row["compute"])
    assert "`few.json`" in (tmp_path / "few.md").read_text()


def test_a_reference_that_is_not_there_is_one_line(scripts):
    import extractors

    for asked, fault in (
        (extractors.Extractors(Path("no-python")), "--reference-python no-python is not a program"),
        (extractors.Extractors(Path("no-python"), rounds=0), "--rounds 0: must be at least 1"),
        (extractors.Extractors(Path("no-python"), only=("inceptoin",)), "did you mean inception"),
    ):
        with pytest.raises(UserError, match=fault):
            extractors.main(asked)


def test_some_extractors_leave_the_page_of_all(scripts, tmp_path, monkeypatch):
    import extractors

    @contextlib.contextmanager
    def reference(python):
        yield lambda do: {"device": "cpu", "threads": 1, "versions": {}}

    committed = json.loads((RESULTS / "extractors.json").read_text())["cases"]
    monkeypatch.setattr(extractors, "reference", reference)
    monkeypatch.setattr(extractors, "measure", lambda case, *_: committed[case.name])
    for only in ((), ("inception",)):
        asked = extractors.Extractors(Path("python"), only=only, out=tmp_path)
        assert extractors.main(asked) == 0
    names = ["extractors-inception", "extractors"]
    assert {path.stem for path in tmp_path.iterdir()} == {*names}
    for name, count in zip(names, (1, len(extractors.CASES)), strict=True):
        assert len(json.loads((tmp_path / f"{name}.json").read_text())["cases"]) == count
        assert f"`{name}.json`" in (tmp_path / f"{name}.md").read_text()


def test_a_timed_game_has_the_flags_of_its_variant(scripts):
    from games import trials

    from jaxgan.sweep.study import Variant

    variant = Variant("dcgan.py", "fashion_mnist", {"width": 16, "batch_size": 8})
    first, second = trials(variant, range(2))
    assert (first.config.width, first.training.batch_size) == (16, 8)
    assert (first.training.seed, second.training.seed) == (0, 1)
    assert first.training.data == "fashion_mnist"


def test_slopes_are_those_of_powers(scripts):
    from growth import slope

    for power in (0.5, 2.0):
        assert slope([1, 2, 8], [3.0 * n**power for n in (1, 2, 8)]) == pytest.approx(power)


@pytest.mark.parametrize(
    "name, flags, values",
    [
        ("batch", {"width": 2}, (8, 16)),
        ("critic updates", {"width": 2, "latent": 2, "batch_size": 8}, (1, 2)),
        ("members", {"hidden": (4,), "batch_size": 8}, (1, 2)),
    ],
)
@pytest.mark.slow
def test_a_size_that_grows_is_timed(scripts, tmp_path, monkeypatch, name, flags, values):
    import growth

    size = growth.SIZES[name]
    game = dataclasses.replace(size.game, flags=flags)
    tiny = dataclasses.replace(size, game=game, values=values)
    monkeypatch.setitem(growth.SIZES, name, tiny)
    asked = growth.Flags(sizes=(name,), rounds=2, seconds=1e-3, out=tmp_path)
    assert growth.main(asked) == 0
    (found,) = json.loads((tmp_path / "growth.json").read_text())["sizes"].values()
    assert {int(value): len(took) for value, took in found["seconds"].items()} == dict.fromkeys(
        values, 2
    )
    assert all(second > 0 for took in found["seconds"].values() for second in took)
    page = (tmp_path / "growth.md").read_text()
    assert f"## {name.capitalize()}" in page
    assert "Not measured yet: " in page
    assert (tmp_path / "growth.png").stat().st_size > 0


def test_critic_updates_are_those_of_a_step(scripts):
    """What the size of that name grows, as the game has it."""
    import growth
    from games import trials

    size = growth.SIZES["critic updates"]
    for value in size.values:
        flags = {**size.game.flags, size.flag: value}
        (trial,) = trials(dataclasses.replace(size.game, flags=flags))
        experiment = trial.experiment
        gan = experiment.game(trial.config, Task.of(experiment.data, steps=1))
        assert [moves(gan.updates, who, 1) for who in "dg"] == [value, 1]


def test_peers_in_pytorch_have_as_many_parameters_as_ours(scripts):
    pytest.importorskip("torch")
    import jax
    from games import trials
    from peers import PEERS
    from speed import GAMES

    from jaxgan.training import start
    from jaxgan.training.data import noise

    assert PEERS.keys() == GAMES.keys()
    for name, game in GAMES.items():
        (trial,) = trials(game.ours)
        experiment, training = trial.experiment, trial.training
        source = noise(experiment, training)
        built = start.game_of(experiment, trial.config, source, training, experiment.steps, 1)
        peer = PEERS[name]()
        state = jax.eval_shape(lambda built=built: built.new(built.values, 0))
        for who, network in (("g", peer.generator), ("d", peer.discriminator)):
            ours = sum(leaf.size for leaf in jax.tree.leaves(state.players[who].params))
            assert ours == sum(leaf.numel() for leaf in network.parameters()), (name, who)
        assert len(peer.latents()) == training.batch_size
