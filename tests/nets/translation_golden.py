"""Writes translation.npz: outputs of the authors' PyTorch networks at weights that NumPy draws.

Needs PyTorch and models/networks.py of github.com/taesungp/contrastive-unpaired-translation, which
has the networks of pix2pix and CycleGAN by the same authors (without its antialiasing):

    python tests/nets/translation_golden.py FOLDER_OF_THAT_REPOSITORY
"""

import sys
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path[:0] = [sys.argv[1], str(Path(__file__).parents[1])]
networks, drawing = import_module("models.networks"), import_module("support.drawn")
INSTANCE = partial(nn.InstanceNorm2d, affine=False, track_running_stats=False)
NETWORKS = {
    "unet": (networks.UnetGenerator(3, 3, 5, ngf=4), (2, 32, 32, 3)),
    "patches": (networks.NLayerDiscriminator(6, 4, 2, no_antialias=True), (2, 32, 32, 6)),
    "instances": (
        networks.NLayerDiscriminator(3, 4, 3, INSTANCE, no_antialias=True),
        (2, 32, 32, 3),
    ),
    "pixels": (networks.PixelDiscriminator(6, 4), (2, 8, 8, 6)),
    "resnet": (
        networks.ResnetGenerator(
            3, 3, 4, INSTANCE, n_blocks=2, no_antialias=True, no_antialias_up=True
        ),
        (2, 16, 16, 3),
    ),
}


def fill(network: nn.Module) -> None:
    """Weights by kind of layer, in the order of the layers."""
    drawn = drawing.Drawn(0)
    for kind in (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d):
        for layer in (one for one in network.modules() if isinstance(one, kind)):
            if kind is nn.BatchNorm2d:
                layer.weight.data = torch.tensor(drawn.gain(len(layer.weight)))
                layer.bias.data = torch.tensor(drawn.bias(len(layer.bias)))
                continue
            layer.weight.data = torch.tensor(drawn.kernel(*layer.weight.shape))
            if layer.bias is not None:
                layer.bias.data = torch.tensor(drawn.bias(len(layer.bias)))


outputs = {}
for name, (network, shape) in NETWORKS.items():
    fill(network)
    x = torch.tensor(drawing.images(1, *shape).transpose(0, 3, 1, 2))
    outputs[name] = network.train()(x).detach().numpy().transpose(0, 2, 3, 1)
np.savez(Path(__file__).with_name("translation.npz"), **outputs)
