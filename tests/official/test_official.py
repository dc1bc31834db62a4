"""Weights of the authors' code, read without running any of it: the same images and logits."""

import os
import pickle
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.cli.main import dispatch
from jaxgan.errors import UserError
from jaxgan.nets import r3gan, stylegan2
from jaxgan.official import r3gan as of_r3gan
from jaxgan.official import stylegan2 as of_stylegan2
from jaxgan.official.pickles import read_networks
from jaxgan.sampling.load import load

HERE = Path(__file__).parent
EXPERIMENTS = Path(__file__).parents[2] / "experiments"
LABEL = jnp.array([0, 1, 1])
ORDER = np.array([0, 2, 1, 3])
"""Of StyleGAN2's discriminator: the authors' groups are every second row, ours are neighbors."""

STAGES = r3gan.stages((8, 8, 4), 8)

KINDS = {
    "stylegan2": (
        of_stylegan2.stylegan2,
        stylegan2.Generator((6, 6, 4), 3, 6, 2, 3),
        stylegan2.Discriminator((6, 6, 4), True, 2, 3),
    ),
    "r3gan": (
        of_r3gan.r3gan,
        r3gan.Generator(STAGES, 3, 3),
        r3gan.Discriminator(STAGES, 3),
    ),
}


def golden(kind):
    """What the authors' code computes."""
    with np.load(HERE / f"{kind}.npz") as found:
        return dict(found)


def imported(kind):
    return KINDS[kind][0](read_networks(HERE / f"{kind}.pkl"))


def applied(module, variables, *args):
    @jax.jit
    def apply(variables):
        return module.apply(variables, *args, train=False)

    return apply(variables)


def close(found, expected):
    """Relative to the largest."""
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("kind", KINDS)
def test_images_and_logits_are_those_of_the_authors_code(kind):
    found, (_, generator, discriminator) = imported(kind), KINDS[kind]
    theirs = golden(kind)
    image = applied(generator, found.average, jnp.asarray(theirs["z"]), LABEL)
    close(image.transpose(0, 3, 1, 2), theirs["img"])
    seen = jnp.asarray(theirs["x"].transpose(0, 2, 3, 1))[ORDER]
    label = jnp.array([0, 1, 1, 0])[ORDER]
    close(
        applied(discriminator, found.discriminator, seen, label),
        theirs["logits"].reshape(-1)[ORDER],
    )
    raw = applied(generator, found.generator, jnp.asarray(theirs["z"]), LABEL)
    assert np.abs(raw - image).max() > 1e-3  # the averaged generator is another one


def test_sizes_are_read_from_the_arrays():
    found = imported("stylegan2")
    assert (found.shape, found.classes) == ((16, 16, 3), 3)
    assert found.flags == {
        "base": 64,
        "most": 6,
        "latent": 5,
        "style": 6,
        "depth": 2,
        "residual": True,
        "group": 2,
        "conditional": True,
    }
    found = imported("r3gan")
    assert (found.shape, found.classes) == ((16, 16, 3), 3)
    assert found.flags == {
        "widths": (8, 8, 4),
        "group": 8,
        "blocks": 2,
        "latent": 4,
        "conditional": True,
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_of_them_draws_the_authors_images(kind, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(EXPERIMENTS.parent)
    run = tmp_path / "run"
    assert dispatch(["import", kind, str(HERE / f"{kind}.pkl"), "--workdir", str(run)]) == 0
    assert "images of 16 x 16 x 3, 3 classes" in capsys.readouterr().out
    sampler, theirs = load(run), golden(kind)
    images = sampler.placed(jax.local_devices()[:1])
    rows = np.resize(theirs["z"], (64, theirs["z"].shape[1]))
    label = np.resize(np.array([0, 1, 1]), 64)
    found = np.asarray(images(rows, {"label": label}))[:3]
    close(found.transpose(0, 3, 1, 2), theirs["img"])
    with pytest.raises(UserError, match="exists; choose another --workdir"):
        dispatch(["import", kind, str(HERE / f"{kind}.pkl"), "--workdir", str(run)])


class Command:
    """An object that runs something when it is unpickled."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return os.mkdir, (str(self.place),)


def test_nothing_that_a_file_names_is_run(tmp_path):
    place, file = tmp_path / "made", tmp_path / "evil.pkl"
    file.write_bytes(pickle.dumps({"G": Command(place)}))
    assert read_networks(file) == {}
    assert not place.exists()
    pickle.loads(file.read_bytes())  # the control: Python's own reader runs it
    assert place.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_other_files_are_refused_in_a_line(kind, tmp_path):
    convert, whole = KINDS[kind][0], (HERE / f"{kind}.pkl").read_bytes()
    file = tmp_path / "weights.pkl"
    faults = {
        "cannot be read": None,
        "is damaged": whole[: len(whole) // 2],
        "holds no networks": pickle.dumps([1, 2]),
        "has no D": pickle.dumps({}),
    }
    for message, content in faults.items():
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(UserError, match=message) as caught:
            convert(read_networks(file))
        assert "\n" not in str(caught.value)
    other = next(name for name in KINDS if name != kind)
    with pytest.raises(UserError, match="no weights of"):
        convert(read_networks(HERE / f"{other}.pkl"))


def refusal(file):
    """What is said of a file; nothing of one that is read."""
    try:
        of_r3gan.r3gan(read_networks(file))
    except UserError as error:
        return str(error)
    return ""


def test_every_flipped_byte_is_read_or_refused(tmp_path):
    """Whatever a byte becomes, there are arrays or one line."""
    whole, file = bytearray((HERE / "r3gan.pkl").read_bytes()), tmp_path / "weights.pkl"
    random = np.random.default_rng(0)
    for place in random.integers(0, len(whole), 40):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << random.integers(8)
        file.write_bytes(damaged)
        assert "\n" not in refusal(file)
