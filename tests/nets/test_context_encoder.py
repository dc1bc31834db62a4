"""The Context Encoder's networks: the authors' counts, and outputs beside NumPy's convolutions."""

import functools
import itertools

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


# The authors' layers in NumPy, in their layout: images [b, c, h, w], kernels [o, i, h, w], and
# [i, o, h, w] of a transposed convolution.


def convolved(x, kernel, bias, stride, pad):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    size = (x.shape[2] - 4) // stride + 1
    rows = [
        [
            np.einsum("bihw,oihw->bo", x[:, :, top : top + 4, left : left + 4], kernel)
            for left in range(0, size * stride, stride)
        ]
        for top in range(0, size * stride, stride)
    ]
    return np.array(rows).transpose(2, 3, 0, 1) + bias[:, None, None]


def spread(x, kernel, bias, stride, pad):
    """Every pixel adds its multiple of the kernel; ``pad`` is cut off at the edges."""
    batch, _, height, width = x.shape
    size = (height - 1) * stride + 4
    out = np.zeros((batch, kernel.shape[1], size, size), np.float32)
    for row in range(height):
        for column in range(width):
            top, left = row * stride, column * stride
            part = np.einsum("bi,iohw->bohw", x[:, :, row, column], kernel)
            out[:, :, top : top + 4, left : left + 4] += part
    return out[:, :, pad : size - pad, pad : size - pad] + bias[:, None, None]


def normalized(x, gain, bias):
    mean, variance = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
    units = (x - mean) / np.sqrt(variance + 1e-5)
    return units * gain[:, None, None] + bias[:, None, None]


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def rectified(x):
    return np.maximum(x, 0)


def completed(x, layers, norms):
    """The generator for 32 pixels of train.lua's recipe: three halvings, two doublings."""
    (first, second, third, middle), (seed, up, last) = layers
    x = leaky(convolved(x, *first, 2, 1))
    x = leaky(normalized(convolved(x, *second, 2, 1), *norms[0]))
    x = leaky(normalized(convolved(x, *third, 2, 1), *norms[1]))
    x = leaky(normalized(convolved(x, *middle, 1, 0), *norms[2]))
    assert x.shape[2:] == (1, 1)
    x = rectified(normalized(spread(x, *seed, 1, 0), *norms[3]))
    x = rectified(normalized(spread(x, *up, 2, 1), *norms[4]))
    return np.tanh(spread(x, *last, 2, 1))


def judged(x, layers, norms):
    """The discriminator of 16 pixels."""
    first, second, last = layers
    x = leaky(convolved(x, *first, 2, 1))
    x = leaky(normalized(convolved(x, *second, 2, 1), *norms[0]))
    return convolved(x, *last, 1, 0)[:, 0, 0, 0]


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


def test_the_generator_s_output_is_that_of_numpy_s_convolutions():
    drawn, x = Drawn(0), images(1, 3, 32, 32, 4)
    down = drawn_layers([4, 4, 8, 16, 5], drawn)  # width 2: maps of 16, 8 and 4 pixels
    up = drawn_layers([5, 16, 8, 3], drawn, transposed=True)
    norms = [(drawn.gain(size), drawn.bias(size)) for size in (8, 16, 5, 16, 8)]
    found = run(Generator(width=2, bottleneck=5), as_params(down, up, norms), x)
    expected = completed(x.transpose(0, 3, 1, 2), (down, up), norms).transpose(0, 2, 3, 1)
    assert found.shape == (3, 16, 16, 3)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)


def test_the_discriminator_s_output_is_that_of_numpy_s_convolutions():
    drawn, x = Drawn(0), images(1, 3, 16, 16, 3)
    layers = drawn_layers([3, 8, 16, 1], drawn)  # width 2: maps of 8 and 4 pixels
    norms = [(drawn.gain(16), drawn.bias(16))]
    found = run(Discriminator(width=2), as_params(layers, [], norms), x)
    expected = judged(x.transpose(0, 3, 1, 2), layers, norms)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)
