"""Games of styles: which latents an image is made of, and what the path length penalty is given."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import forward
from support.outputs import drawn

ROWS, LAYERS, SIZE = 4000, 5, 2


class Recorded:
    """A network of a function; it keeps what it was called with."""

    def __init__(self, answer):
        self.answer, self.calls = answer, []

    def __call__(self, *args, **kwargs):
        self.calls.append(args)
        return self.answer(*args, **kwargs), {}

    def after(self, stats):
        return self


def image(latents, label, mixing, shift=None):
    """The latent of each layer, ``[b, layers, 2]``."""
    layers = jnp.broadcast_to(latents[:, None], (len(latents), LAYERS, SIZE))
    if mixing is not None:
        place = jnp.arange(LAYERS)[None, :, None]
        layers = jnp.where(place < mixing.crossover[:, None, None], layers, mixing.latent[:, None])
    layers = layers if label is None else layers + label[:, None, None]
    return layers if shift is None else layers + shift


def run(mixing, classes=0, shrink=2, rows=ROWS):
    prior = forward.normal(SIZE)
    game = forward.conditional(prior) if classes else forward.unconditional(prior)
    generator = Recorded(image)
    judge = Recorded(lambda samples, *labels: samples.sum(axis=(1, 2)))
    batch = {"image": jnp.zeros((rows, LAYERS, SIZE)), "label": jnp.arange(rows) % 10}
    styled = forward.styled(LAYERS, SIZE, mixing, game, shrink)
    return styled.run(generator, judge, batch, drawn(rows), {}), generator


def test_layers_cross_over_with_the_probability_at_any_place():
    outputs, _ = run(0.9)
    first, fake = np.asarray(outputs.extras["latents"])[:, None], np.asarray(outputs.fake)
    own = (fake == first).all(axis=-1).sum(axis=1)  # layers of the first latent
    assert (np.diff((fake == first).all(axis=-1).astype(int), axis=1) <= 0).all()
    shares = np.bincount(own, minlength=LAYERS + 1) / ROWS
    expected = [0.0, *[0.9 / (LAYERS - 1)] * (LAYERS - 1), 0.1]
    np.testing.assert_allclose(shares, expected, atol=4 * np.sqrt(0.25 / ROWS))
    assert np.std(fake[:, -1]) == pytest.approx(1.0, abs=0.05)


def test_styles_may_not_be_mixed():
    outputs, generator = run(None)
    assert generator.calls[0][1:] == (None, None)
    np.testing.assert_array_equal(outputs.fake[:, -1], outputs.extras["latents"])


@pytest.mark.parametrize("classes", [0, 10])
@pytest.mark.parametrize("shrink", [1, 2])
def test_images_of_some_rows_are_a_function_of_a_shift_of_their_styles(classes, shrink):
    outputs, _ = run(0.9, classes, shrink, rows=8)
    shift, shifted = outputs.extras["shift"], outputs.extras["shifted"]
    assert shift.shape == (8 // shrink, LAYERS, SIZE)
    np.testing.assert_array_equal(shift, 0.0)
    np.testing.assert_array_equal(shifted(shift), outputs.fake[::shrink])
    np.testing.assert_allclose(shifted(shift + 1.0), outputs.fake[::shrink] + 1.0, rtol=1e-5)
