"""Writes stylegan2.pkl and r3gan.pkl, network pickles by the authors' code, and what they compute.

Needs PyTorch and copies of github.com/NVlabs/stylegan2-ada-pytorch and github.com/brownvc/R3GAN:

    python tests/official/golden.py stylegan2 FOLDER_OF_THE_FIRST
    python tests/official/golden.py r3gan FOLDER_OF_THE_SECOND

Their pickles hold the source of their classes, for which an empty text stands here.
"""

import copy
import pickle
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
SIDE, CLASSES = 16, 3


def stylegan2(words):
    """Generator and discriminator of 16 pixels, and the size of a latent."""
    networks = import_module("training.networks")
    g = networks.Generator(
        z_dim=5,
        c_dim=CLASSES,
        w_dim=6,
        img_resolution=SIDE,
        img_channels=3,
        mapping_kwargs=words(num_layers=2),
        synthesis_kwargs=words(channel_base=64, channel_max=6, num_fp16_res=4, conv_clamp=256),
    )
    d = networks.Discriminator(
        c_dim=CLASSES,
        img_resolution=SIDE,
        img_channels=3,
        channel_base=64,
        channel_max=6,
        epilogue_kwargs=words(mbstd_group_size=2),
    )
    pipe = import_module("training.augment").AugmentPipe(xflip=1)
    return g, d, pipe, 5


def r3gan(words):
    """Likewise, of widths 8, 8 and 4."""
    networks = import_module("training.networks")
    same = dict(ExpansionFactor=2, c_dim=CLASSES, img_resolution=SIDE, BlocksPerStage=[2, 2, 2])
    g = networks.Generator(
        NoiseDimension=4,
        WidthPerStage=[8, 8, 4],
        CardinalityPerStage=[2, 2, 1],
        FP16Stages=[-1],
        ConditionEmbeddingDimension=4,
        **same,
    )
    d = networks.Discriminator(
        WidthPerStage=[4, 8, 8],
        CardinalityPerStage=[1, 2, 2],
        FP16Stages=[0],
        ConditionEmbeddingDimension=8,
        **same,
    )
    return g, d, None, 4


def moved(network, by):
    """All that is learned, and fixed noise, moved at random."""
    for name, array in (*network.named_parameters(), *network.named_buffers()):
        if "filter" not in name and "Kernel" not in name and array.dtype.is_floating_point:
            with torch.no_grad():
                array.add_(by * torch.randn_like(array))


def main(kind, folder):
    """Makes and writes one of them."""
    sys.path[:0] = [folder]
    words, persistence = import_module("dnnlib").EasyDict, import_module("torch_utils.persistence")
    torch.manual_seed(0)
    g, d, pipe, latent = {"stylegan2": stylegan2, "r3gan": r3gan}[kind](words)
    for network in (g, d):
        moved(network, 0.3)
    average = copy.deepcopy(g)
    with torch.no_grad():
        for parameter in average.parameters():
            parameter.mul_(0.9)
    for network in (g, d, average):
        network.eval().requires_grad_(False)
    for decorated in persistence._decorators:
        decorated._orig_module_src = ""
    held = dict(
        G=g, D=d, G_ema=average, augment_pipe=pipe, training_set_kwargs=words(path="images")
    )
    with (HERE / f"{kind}.pkl").open("wb") as file:
        pickle.dump(held, file)
    z, x, one_hot = torch.randn(3, latent), torch.randn(4, 3, SIDE, SIDE), torch.eye(CLASSES)
    if kind == "stylegan2":
        made = average.synthesis(
            average.mapping(z, one_hot[[0, 1, 1]]), noise_mode="const", force_fp32=True
        )
        logits = d(x, one_hot[[0, 1, 1, 0]], force_fp32=True)
    else:
        for stage in (*average.Model.MainLayers, *d.Model.MainLayers):
            stage.DataType = torch.float32
        made, logits = average(z, one_hot[[0, 1, 1]]), d(x, one_hot[[0, 1, 1, 0]])
    found = dict(z=z, x=x, img=made, logits=logits)
    np.savez_compressed(HERE / f"{kind}.npz", **{k: v.numpy() for k, v in found.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
