"""The Context Encoder's networks: the authors' counts and outputs."""

import functools
import itertools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from counting import conv, outline

from jaxgan.errors import UserError
from jaxgan.nets.context_encoder import Discriminator, Generator, square
from jaxgan.types import AXIS
from support.drawn import Drawn, images


def by_layers(inputs, encoder, bottleneck, decoder, outputs):
    """Parameters of a generator of these widths; batch normalization after all but its ends."""
    widths = [inputs, *encoder, bottleneck, *decoder, outputs]
    layers = sum(conv(4, one, other) for one, other in itertools.pairwise(widths))
    return layers + 2 * sum([*encoder[1:], bottleneck, *decoder])


@pytest.mark.parametrize(
    "module, shape, parameters, output",
    [
        (Generator(), (128, 128, 3), 71_130_531, (64, 64, 3)),
        (Generator(bottleneck=100), (128, 128, 3), 7_221_231, (64, 64, 3)),
        (Discriminator(), (64, 64, 3), 2_766_529, ()),
        # train_random.lua: of the whole image, here beside a channel of the mask.
        (
            Generator(whole=True),
            (128, 128, 4),
            by_layers(4, [64, 64, 128, 256, 512], 4000, [512, 256, 128, 64, 64], 3),
            (128, 128, 3),
        ),
        (
            Generator(whole=True),
            (64, 64, 4),
            by_layers(4, [64, 128, 256, 512], 4000, [512, 256, 128, 64], 3),
            (64, 64, 3),
        ),
        # Ours: two halvings less.
        (
            Generator(bottleneck=100),
            (32, 32, 3),
            by_layers(3, [128, 256, 512], 100, [512, 256], 3),
            (16, 16, 3),
        ),
        (Generator(1, bottleneck=9), (16, 16, 1), by_layers(1, [256, 512], 9, [512], 1), (8, 8, 1)),
    ],
)
def test_parameter_counts_and_sizes(module, shape, parameters, output):
    assert outline(module, jnp.zeros((2, *shape))) == (parameters, (2, *output))


def test_the_authors_count_follows_from_their_layers():
    """The control of ``by_layers``."""
    found = by_layers(3, [64, 64, 128, 256, 512], 4000, [512, 256, 128, 64], 3)
    assert found == 71_130_531


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 64, 3), (48, 48, 3), (8, 8, 3), (2,)])
def test_other_images_are_refused(shape):
    size = " x ".join(map(str, shape))
    with pytest.raises(UserError, match=rf"these data are {size}\. Use --resolution 32, 64 or 128"):
        square(shape)
    assert square((64, 64, 1)) == (64, 1)


def drawn_layers(widths, drawn, transposed=False):
    """A kernel and a bias for each step from one width to the next."""
    steps = itertools.pairwise(widths)
    return [
        (drawn.kernel(*((i, o) if transposed else (o, i)), 4, 4), drawn.bias(o)) for i, o in steps
    ]


def as_params(convolutions, transposed, norms):
    """The same weights as ours: kernels ``[h, w, i, o]``, or ``[h, w, o, i]`` if transposed."""
    kinds = {"Conv": [], "ValidConv": [], "ValidConvTranspose": [], "ConvTranspose": []}
    kinds["Conv"], kinds["ValidConv"] = convolutions[:-1], convolutions[-1:]
    kinds["ValidConvTranspose"], kinds["ConvTranspose"] = transposed[:1], transposed[1:]
    found = {
        f"{kind}_{number}": {"kernel": kernel.transpose(2, 3, 1, 0), "bias": bias}
        for kind, layers in kinds.items()
        for number, (kernel, bias) in enumerate(layers)
    }
    found |= {
        f"BatchNorm_{number}": {"scale": gain, "bias": bias}
        for number, (gain, bias) in enumerate(norms)
    }
    return jax.tree.map(jnp.asarray, found)


def run(module, params, x):
    """The output in training mode."""
    init = functools.partial(module.init, train=False)
    shapes = jax.eval_shape(init, jax.random.key(0), jnp.asarray(x))
    assert jax.tree.map(jnp.shape, params) == jax.tree.map(jnp.shape, dict(shapes["params"]))
    stats = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), shapes["batch_stats"])

    def one(x):
        variables = {"params": params, "batch_stats": stats}
        return module.apply(variables, x, train=True, mutable=["batch_stats"])[0]

    return np.asarray(jax.jit(jax.vmap(one, axis_name=AXIS))(jnp.asarray(x)[None])[0])


GOLDEN = np.load(Path(__file__).parent / "context_encoder.npz")
"""Outputs of the authors' Lua code: ``context_encoder_golden.py`` wrote them."""
EVERY = 7
"""Of a prediction's pixels these are there, along each side."""


@pytest.mark.parametrize(
    "name, whole, pixels, encoder",
    [
        ("square of 128", False, 128, [2, 2, 4, 8, 16]),
        ("whole of 128", True, 128, [2, 2, 4, 8, 16]),
        ("whole of 64", True, 64, [2, 4, 8, 16]),
    ],
)
def test_outputs_are_those_of_the_authors_code(name, whole, pixels, encoder):
    """In training mode, of a width of 2; as ``context_encoder_golden.fill`` fills PyTorch's."""
    drawn, x = Drawn(0), images(1, 2, pixels, pixels, 3)
    decoder = encoder[::-1] if whole else encoder[:0:-1]
    down = drawn_layers([3, *encoder, 5], drawn)
    up = drawn_layers([5, *decoder, 3], drawn, transposed=True)
    norms = [(drawn.gain(size), drawn.bias(size)) for size in (*encoder[1:], 5, *decoder)]
    module = Generator(width=2, bottleneck=5, whole=whole)
    found = run(module, as_params(down, up, norms), x)[:, ::EVERY, ::EVERY]
    np.testing.assert_allclose(found, GOLDEN[f"{name} predicted"], rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize(
    "name, pixels, widths",
    [
        ("square of 128", 64, [2, 4, 8, 16]),
        ("whole of 128", 128, [2, 2, 4, 8, 16]),
        ("whole of 64", 64, [2, 4, 8, 16]),
    ],
)
def test_logits_are_those_of_the_authors_code(name, pixels, widths):
    """Before their sigmoid."""
    drawn, x = Drawn(0), images(1, 2, pixels, pixels, 3)
    layers = drawn_layers([3, *widths, 1], drawn)
    norms = [(drawn.gain(size), drawn.bias(size)) for size in widths[1:]]
    found = run(Discriminator(width=2), as_params(layers, [], norms), x)
    np.testing.assert_allclose(found, GOLDEN[f"{name} judged"], rtol=2e-4, atol=2e-5)
