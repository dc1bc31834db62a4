"""Writes projected.npz: the authors' PyTorch layers of Projected GAN at weights that NumPy draws.

Needs PyTorch, and a copy of github.com/autonomousvision/projected-gan:

    python tests/nets/projected_golden.py FOLDER_OF_THAT_REPOSITORY

Its projector imports timm for the features, which are not asked for here.
"""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

sys.path[:0] = [sys.argv[1], str(Path(__file__).parents[1])]
sys.modules["timm"] = ModuleType("timm")
drawing = import_module("support.drawn")
blocks, projector = import_module("pg_modules.blocks"), import_module("pg_modules.projector")
fastgan = import_module("pg_modules.networks_fastgan")

LATENT, WIDTH, LEVELS, SIDES = 5, 2, (3, 4, 5, 6), (16, 8, 4, 2)


def fill(network, drawn):
    """Every parameter and every vector of spectral normalization, in the order of the modules."""
    for parameter in network.parameters():
        shape = parameter.shape
        array = drawn.bias(*shape) if len(shape) == 1 else drawn.kernel(*shape)
        parameter.data = torch.tensor(array)
    for name, buffer in network.named_buffers():
        if name.endswith("weight_u"):
            u = drawn.bias(*buffer.shape) + 1
            buffer.data = torch.tensor(u / np.linalg.norm(u))


def arrays(network, prefix):
    """Parameters and vectors by the authors' names."""
    named = [*network.named_parameters(), *network.named_buffers()]
    return {
        f"{prefix}/{name}": value.detach().numpy().copy()
        for name, value in named
        if "running" not in name and "num_batches" not in name and not name.endswith("weight_v")
    }


def channels_last(x):
    """``[b, c, h, w] -> [b, h, w, c]``."""
    return x.detach().numpy().transpose(0, 2, 3, 1)


def main():
    """Writes the arrays."""
    random, found = np.random.default_rng(1), {}

    def normal(*shape):
        return random.normal(size=shape).astype(np.float32)

    generator = fastgan.FastganSynthesis(WIDTH, LATENT, img_resolution=128, lite=True)
    del generator.feat_256, generator.se_256  # not used at 128 pixels
    fill(generator, drawing.Drawn(0))
    found |= arrays(generator, "g")
    latent = normal(2, LATENT)
    made = generator(torch.tensor(latent)[:, None], None)
    found |= {"latent": latent, "made": channels_last(made)[:, ::8, ::8]}

    judge = torch.nn.Sequential(
        blocks.DownBlock(3, 4 * WIDTH),
        blocks.DownBlock(4 * WIDTH, 8 * WIDTH),
        blocks.conv2d(8 * WIDTH, 1, 4, 1, 0, bias=False),
    )
    fill(judge, drawing.Drawn(1))
    found |= arrays(judge, "d")
    features = normal(2, 3, 20, 20)
    logits = judge(torch.tensor(features))
    found |= {"features": features.transpose(0, 2, 3, 1), "logits": logits.detach().numpy()}

    scratch = projector._make_scratch_ccm(torch.nn.Module(), LEVELS, WIDTH, expand=True)
    scratch = projector._make_scratch_csm(scratch, scratch.CHANNELS, WIDTH, expand=True)
    fill(scratch, drawing.Drawn(2))
    found |= arrays(scratch, "mix")
    levels = [normal(2, channels, side, side) for channels, side in zip(LEVELS, SIDES, strict=True)]
    across = [
        getattr(scratch, f"layer{n}_ccm")(torch.tensor(level)) for n, level in enumerate(levels)
    ]
    mixed = [scratch.layer3_csm(across[3])]
    for n in (2, 1, 0):
        mixed.append(getattr(scratch, f"layer{n}_csm")(mixed[-1], across[n]))
    for n, (level, out) in enumerate(zip(levels, mixed[::-1], strict=True)):
        found |= {f"level{n}": level.transpose(0, 2, 3, 1), f"mixed{n}": channels_last(out)}
    np.savez_compressed(Path(__file__).with_name("projected.npz"), **found)


main()
