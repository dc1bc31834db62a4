"""Training to the end: whether the games are learned, not only whether they run."""

import subprocess
import sys

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxgan
from jaxgan.data.open import open_source
from jaxgan.data.prepare.prepare import prepare
from jaxgan.data.sources.toy import ring_modes
from jaxgan.evaluation.score import column, read_scores
from support.tiny_runs import EXPERIMENTS, as_users_compile

pytestmark = pytest.mark.long


pytest_plugins = ["support.run_fixtures"]


@pytest.fixture(scope="module", autouse=True)
def optimized():
    """As users compile: unlike in other tests, it is running that takes the time."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


def trained(name, folder, *flags):
    """In a process without the tests' compiler flags, which round differently: as users train."""
    file = next(path for path in EXPERIMENTS if path.stem == name)
    command = [sys.executable, str(file), "--workdir", str(folder), "--devices", "1", *flags]
    subprocess.run(command, env=as_users_compile(), check=True)
    return jaxgan.load(folder)


def test_the_ring_s_modes_are_all_found(tmp_path):
    """PacGAN's protocol: 2500 samples; good ones lie within three standard deviations."""
    samples = trained("gan_ring", tmp_path / "run")(2500)
    distances = np.linalg.norm(samples[:, None] - np.asarray(ring_modes()), axis=-1)
    good = distances.min(1) < 3 * 0.01
    captured = set(distances.argmin(1)[good].tolist())
    assert captured == set(range(8)), f"{len(captured)} modes, {good.mean():.0%} good"
    assert good.mean() > 0.8


class Classifier(nn.Module):
    @nn.compact
    def __call__(self, x):
        for features in (16, 32):
            x = nn.avg_pool(nn.relu(nn.Conv(features, (3, 3))(x)), (2, 2), (2, 2))
        return nn.Dense(10)(nn.relu(nn.Dense(64)(x.reshape(len(x), -1))))


def classifier(train, test, steps=3000, batch=128):
    """``images -> probabilities`` and its accuracy, of a small network."""
    network = Classifier()
    as_input = lambda images: images.astype(np.float32) / 255.0  # noqa: E731
    params = network.init(jax.random.key(0), jnp.zeros((1, 28, 28, 1)))
    optimizer = optax.adam(1e-3)

    @jax.jit
    def step(params, state, images, labels):
        def loss(params):
            logits = network.apply(params, images)
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        updates, state = optimizer.update(jax.grad(loss)(params), state)
        return optax.apply_updates(params, updates), state

    state, random = optimizer.init(params), np.random.default_rng(0)
    for _ in range(steps):
        rows = random.integers(0, len(train["image"]), batch)
        images, labels = as_input(train["image"][rows]), train["label"][rows]
        params, state = step(params, state, images, labels)

    predict = jax.jit(lambda images: jax.nn.softmax(network.apply(params, images)))
    blocks = np.array_split(as_input(test["image"]), 20)
    guesses = np.concatenate([np.asarray(predict(block)).argmax(-1) for block in blocks])
    accuracy = float((guesses == test["label"]).mean())
    return lambda images: np.asarray(predict(as_input(images))), accuracy


@pytest.fixture(scope="module")
def garments():
    """A classifier of Fashion-MNIST, and its accuracy on the test set."""
    prepare("fashion_mnist", debian=True)
    train, test = (open_source("fashion_mnist", split).arrays() for split in ("train", "test"))
    return classifier(train, test)


@pytest.fixture(scope="module")
def run(garments, tmp_path_factory):
    """DCGAN after 3000 steps on Fashion-MNIST, and after half of them."""
    folder = tmp_path_factory.mktemp("garments") / "run"
    flags = ("--steps", "3000", "--sample-every", "0", "--log-every", "500")
    trained("dcgan", folder, *flags, "--checkpoint-every", "1500")
    return folder


def test_all_ten_garments_are_drawn(garments, run):
    """Each class has at least a quarter of its share of the samples, seen as more likely than not.

    A higher bar would ask more of the classifier than of the samples: it confuses real shirts,
    coats and pullovers.
    """
    classify, accuracy = garments
    assert accuracy > 0.88
    seen = classify(jaxgan.load(run)(2000))
    sure = seen.max(-1) > 0.5
    counts = np.bincount(seen.argmax(-1)[sure], minlength=10)
    assert counts.min() >= 50, counts


def test_scores_put_real_before_trained_before_half_trained_before_noise(run, tmp_path, command):
    """End to end, by the offline extractor."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (2000, 28, 28, 1), np.uint8)
    np.savez(tmp_path / "noise.npz", image=noise)
    usual = ("--metrics", "fd,kid,prdc", "--num", 2000)

    def score(*words):
        out = tmp_path / f"{len(list(tmp_path.iterdir()))}.jsonl"
        code, said = command(["evaluate", *words, *usual, "--out", out])
        assert code == 0, said
        return {one.metric: one for one in read_scores(out)}

    finished, half = score(run), score(run, "--step", 1500)
    uniform = score(tmp_path / "noise.npz", "--against", "fashion_mnist")
    for metric in ("fd", "kid"):
        column([finished[metric], half[metric]])
        values = [finished[metric].real_score["distance"]]
        values += [each[metric].value for each in (finished, half, uniform)]
        assert values == sorted(set(values)), (metric, values)
    assert finished["fd"].title == "FD-EffNetLite0-64"
    assert finished["fd"].value < 0.5 * uniform["fd"].value
    coverage = [each["prdc"].values["coverage"] for each in (finished, uniform)]
    assert finished["prdc"].real_score["coverage"] > coverage[0] > coverage[1]
