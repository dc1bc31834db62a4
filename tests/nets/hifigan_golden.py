"""Writes hifigan.npz: outputs of the authors' PyTorch networks at weights that NumPy draws.

Needs PyTorch, matplotlib, and models.py and utils.py of github.com/jik876/hifi-gan:

    python tests/nets/hifigan_golden.py FOLDER_OF_THAT_REPOSITORY

The discriminators are the authors' with fewer channels: their constructors' numbers are divided by
``DIVISOR`` when they build their layers.
"""

import math
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

sys.path[:0] = [sys.argv[1], str(Path(__file__).parents[1])]
models, drawing = import_module("models"), import_module("support.drawn")

SAMPLES, FRAMES, BANDS, DIVISOR = 300, 12, 80, 32


def narrow(kind):
    """A PyTorch convolution whose channels are divided, and whose groups still fit."""

    def build(inputs, outputs, *args, groups=1, **more):
        inputs, outputs = (max(1, channels // DIVISOR) for channels in (inputs, outputs))
        return kind(inputs, outputs, *args, groups=math.gcd(groups, inputs, outputs), **more)

    return build


def generator(resblock, taps, dilations):
    """The authors' generator with few channels."""
    return models.Generator(
        SimpleNamespace(
            resblock=resblock,
            upsample_rates=[4, 2],
            upsample_kernel_sizes=[8, 4],
            upsample_initial_channel=8,
            resblock_kernel_sizes=taps,
            resblock_dilation_sizes=dilations,
        )
    )


def fill(network: nn.Module) -> None:
    """Weights, gains and biases of every layer, in the order of the layers."""
    drawn = drawing.Drawn(0)
    for layer in network.modules():
        if not isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d)):
            continue
        spectral = hasattr(layer, "weight_orig")
        kernel = layer.weight_orig if spectral else layer.weight_v
        kernel.data = torch.tensor(drawn.kernel(*kernel.shape))
        if not spectral:
            layer.weight_g.data = torch.tensor(drawn.gain(len(layer.weight_g))).reshape(
                layer.weight_g.shape
            )
        layer.bias.data = torch.tensor(drawn.bias(len(layer.bias)))


outputs = {}
CONFIGURATIONS = {
    "paired": ("1", [3, 5], [[1, 3, 5], [1, 3, 5]]),
    "single": ("2", [3, 7], [[1, 2], [3, 12]]),
}
spectrogram = torch.tensor(drawing.images(1, 2, BANDS, FRAMES))
for name, configuration in CONFIGURATIONS.items():
    network = generator(*configuration)
    fill(network)
    outputs[name] = network(spectrogram).detach().numpy()[:, 0]

models.Conv1d, models.Conv2d = narrow(nn.Conv1d), narrow(nn.Conv2d)
sound = torch.tensor(drawing.images(2, 2, 1, SAMPLES))
for period in (2, 7):
    network = models.DiscriminatorP(period)
    fill(network)
    logits, features = network(sound)
    outputs[f"period {period}"] = logits.detach().numpy()
    outputs[f"features of period {period}"] = features[1].detach().numpy()
scales = models.MultiScaleDiscriminator()
scales.discriminators[0] = models.DiscriminatorS()  # without spectral normalization
fill(scales)
for number, logits in enumerate(scales(sound, sound)[0]):
    outputs[f"scale {number}"] = logits.detach().numpy()
np.savez(Path(__file__).with_name("hifigan.npz"), **outputs)
