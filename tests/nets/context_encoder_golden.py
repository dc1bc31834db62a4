"""Writes context_encoder.npz: outputs of the authors' networks at weights that NumPy draws.

Runs that part of the authors' Lua which builds the networks, with PyTorch's layers in the place of
Torch 7's. Needs PyTorch, lupa, and train.lua and train_random.lua of
github.com/pathak22/context-encoder:

    python tests/nets/context_encoder_golden.py FOLDER_OF_THAT_REPOSITORY
"""

import sys
from importlib import import_module
from pathlib import Path

import lupa
import numpy as np
import torch
from torch import nn

sys.path[:0] = [str(Path(__file__).parents[1])]
drawing = import_module("support.drawn")

BEGIN, END = "local function weights_init", "netD:apply(weights_init)"
"""The part of a file that builds both networks, END included."""
EVERY = 7
"""Of the pixels of a prediction every seventh is kept, along each side."""
SIZES = dict(nc=3, nef=2, ngf=2, ndf=2, nBottleneck=5, conditionAdv=False, noiseGen=False)
FILES = {
    "square of 128": ("train.lua", 128),
    "whole of 128": ("train_random.lua", 128),
    "whole of 64": ("train_random.lua", 64),
}


class Sequential(nn.Module):
    """As Torch 7 calls it; Lua would read an attribute of PyTorch's own as an index."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential()

    def add(self, layer):
        """Torch 7's returns the network."""
        self.layers.append(layer)
        return self

    def apply(self, initialize):
        """Draws no weights: ``fill`` does."""

    def forward(self, x):
        return self.layers(x)


class Flat(nn.Module):
    """``View(1):setNumInputDims(3)``: one number for each row."""

    def setNumInputDims(self, number):  # Torch 7's name
        assert number == 3
        return self

    def forward(self, x):
        return x.reshape(len(x))


def convolution(kind):
    """Torch 7's arguments: width before height, kernel, stride and padding."""

    def make(inputs, outputs, width, height, dw=1, dh=1, pad_width=0, pad_height=0):
        return kind(inputs, outputs, (height, width), (dh, dw), (pad_height, pad_width))

    return make


TORCH_7 = dict(
    Sequential=Sequential,
    SpatialConvolution=convolution(nn.Conv2d),
    SpatialFullConvolution=convolution(nn.ConvTranspose2d),
    SpatialBatchNormalization=nn.BatchNorm2d,
    LeakyReLU=lambda slope, inplace: nn.LeakyReLU(slope),
    ReLU=lambda inplace: nn.ReLU(),
    Tanh=nn.Tanh,
    Sigmoid=nn.Identity,  # our discriminator's answers are logits
    View=lambda size: Flat(),
)


def networks(path: Path, pixels: int):
    """The generator and the discriminator of a file, for images of so many pixels."""
    text = path.read_text()
    part = text[text.index(BEGIN) : text.index(END) + len(END)]
    lua = lupa.LuaRuntime()
    names = lua.table_from(TORCH_7)
    options = lua.table_from(SIZES | dict(fineSize=pixels, nz=100))
    return lua.execute(f"local nn, opt = ...\n{part}\nreturn netG, netD", names, options)


def fill(network: nn.Module) -> None:
    """Weights by kind of layer, in the order of the layers."""
    drawn = drawing.Drawn(0)
    for kind in (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d):
        for layer in (one for one in network.modules() if isinstance(one, kind)):
            norm = kind is nn.BatchNorm2d
            size = layer.weight.shape
            layer.weight.data = torch.tensor(drawn.gain(*size) if norm else drawn.kernel(*size))
            layer.bias.data = torch.tensor(drawn.bias(len(layer.bias)))


def outputs(network: nn.Module, pixels: int):
    """Of two images, in training mode."""
    fill(network)
    x = torch.tensor(drawing.images(1, 2, pixels, pixels, 3).transpose(0, 3, 1, 2))
    return network.train()(x).detach().numpy()


arrays = {}
for name, (file, pixels) in FILES.items():
    generator, discriminator = networks(Path(sys.argv[1]) / file, pixels)
    predicted = outputs(generator, pixels).transpose(0, 2, 3, 1)
    arrays[f"{name} predicted"] = predicted[:, ::EVERY, ::EVERY]
    arrays[f"{name} judged"] = outputs(discriminator, predicted.shape[1])
np.savez(Path(__file__).with_name("context_encoder.npz"), **arrays)
