"""Writes r3gan.npz: the authors' PyTorch networks and augmentations at weights that NumPy draws.

Needs PyTorch and scipy, and a copy of github.com/brownvc/R3GAN:

    python tests/nets/r3gan_golden.py FOLDER_OF_THAT_REPOSITORY
"""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

sys.path[:0] = [sys.argv[1], str(Path(__file__).parents[1])]
networks, drawing = import_module("R3GAN.Networks"), import_module("support.drawn")
augment = import_module("training.augment")

WIDTHS, GROUPS, BLOCKS, LATENT, CLASSES = (8, 8, 4), (2, 2, 1), (2, 1, 1), 5, 3
PERCENTILES = (0.3, 0.62, 0.88)


def fill(network):
    """Every parameter, in the order of the modules."""
    drawn = drawing.Drawn(0)
    for parameter in network.parameters():
        shape = parameter.shape
        array = drawn.bias(*shape) if len(shape) == 1 else drawn.kernel(*shape)
        parameter.data = torch.tensor(array)


def weights(network, prefix):
    """The parameters by the authors' names."""
    return {
        f"{prefix}/{name}": value.detach().numpy() for name, value in network.named_parameters()
    }


def main():
    """Writes the arrays."""
    random, found = np.random.default_rng(1), {}
    latent = random.normal(size=(2, LATENT)).astype(np.float32)
    image = random.normal(size=(2, 3, 16, 16)).astype(np.float32)
    label = np.eye(CLASSES, dtype=np.float32)[[2, 0]]
    found |= {"latent": latent, "image": image.transpose(0, 2, 3, 1)}
    for name, classes in (("plain", None), ("classes", CLASSES)):
        more = {} if classes is None else {"ConditionDimension": classes}
        g = networks.Generator(
            LATENT,
            WIDTHS,
            GROUPS,
            BLOCKS,
            2,
            **more,
            ConditionEmbeddingDimension=LATENT if more else 0,
        )
        d = networks.Discriminator(
            WIDTHS[::-1], GROUPS[::-1], BLOCKS[::-1], 2, **more,
            ConditionEmbeddingDimension=WIDTHS[0] if more else 0,
        )  # fmt: skip
        fill(g)
        fill(d)
        y = None if classes is None else torch.tensor(label)
        made = g(torch.tensor(latent), y)
        seen = torch.tensor(image, requires_grad=True)
        logits = d(seen, y)
        (slope,) = torch.autograd.grad(logits.sum(), seen, create_graph=True)
        penalty = slope.square().sum([1, 2, 3]).mean()
        kernel = d.MainLayers[0].Layers[0].LinearLayer2.Layer.weight
        (of_kernel,) = torch.autograd.grad(penalty, kernel)
        found |= weights(g, f"{name}/g") | weights(d, f"{name}/d")
        found |= {
            f"{name}/made": made.detach().numpy().transpose(0, 2, 3, 1),
            f"{name}/logits": logits.detach().numpy(),
            f"{name}/penalty": penalty.detach().numpy(),
            f"{name}/of_kernel": of_kernel.numpy(),
        }
    picture = random.uniform(-1, 1, (1, 3, 10, 12)).astype(np.float32)
    found["picture"] = picture.transpose(0, 2, 3, 1)
    every = dict.fromkeys(
        ("xflip", "rotate90", "xint", "scale", "rotate", "aniso", "xfrac", "brightness", "contrast",
         "lumaflip", "hue", "saturation", "cutout"), 1
    )  # fmt: skip
    for kind, channels in (("color", 3), ("gray", 1)):
        for percentile in PERCENTILES:
            seen = torch.tensor(picture[:, :channels], requires_grad=True)
            out = augment.AugmentPipe(**every)(seen, debug_percentile=percentile)
            (slope,) = torch.autograd.grad(out.square().sum(), seen)
            found |= {
                f"ada/{kind}/{percentile}/out": out.detach().numpy().transpose(0, 2, 3, 1),
                f"ada/{kind}/{percentile}/slope": slope.numpy().transpose(0, 2, 3, 1),
            }
    np.savez_compressed(Path(__file__).with_name("r3gan.npz"), **found)


main()
