"""Writes stylegan3.npz: the authors' PyTorch generators, T and R, at weights that NumPy draws.

Needs PyTorch, scipy, requests and setuptools below 81, and a copy of github.com/NVlabs/stylegan3:

    python tests/nets/stylegan3_golden.py FOLDER_OF_THAT_REPOSITORY
"""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

sys.path[:0] = [sys.argv[1]]
networks = import_module("training.networks_stylegan3")

SIDE, BASE, MOST, LATENT, STYLE, LAYERS, CRITICAL = 32, 96, 6, 5, 6, 5, 1
KINDS = {"t": {}, "r": {"conv_kernel": 1, "use_radial_filters": True}}
MOVED = ((1.0, 0.0, -0.25), (0.0, 1.0, 0.125), (0.0, 0.0, 1.0))


def fill(network):
    """Every parameter, and the averages."""
    random = np.random.default_rng(0)
    for name, parameter in (*network.named_parameters(), *network.named_buffers()):
        if name.endswith(("filter", "transform", "freqs", "phases")):
            continue
        array = random.standard_normal(tuple(parameter.shape))
        if name.endswith("magnitude_ema"):
            array = 0.5 + array**2
        elif name.endswith(("bias", "w_avg")) or "input.affine" in name:
            array = 0.2 * array + ("affine.bias" in name)
        elif "mapping.fc" in name:
            array = 100.0 * array
        parameter.data = torch.tensor(np.asarray(array, np.float32))


def main():
    """Writes the arrays."""
    found, random = {}, np.random.default_rng(1)
    latent = random.standard_normal((2, LATENT)).astype(np.float32)
    found["latent"] = latent
    for kind, more in KINDS.items():
        torch.manual_seed(0)
        network = networks.Generator(
            *(LATENT, 0, STYLE, SIDE, 3),
            **dict(channel_base=BASE, channel_max=MOST, num_layers=LAYERS, num_critical=CRITICAL),
            **more,
        )
        fill(network)
        kept = (*network.named_parameters(), *network.named_buffers())
        found |= {
            f"{kind}/{name}": value.detach().numpy().copy()
            for name, value in kept
            if not name.endswith("transform")
        }
        z = torch.tensor(latent, requires_grad=True)
        images = network(z, None)
        (slope,) = torch.autograd.grad(images.square().sum(), z)
        short = network(z, None, truncation_psi=0.5, truncation_cutoff=3)
        network.synthesis.input.transform.copy_(torch.tensor(MOVED))
        moved = network(z, None)
        network.synthesis.input.transform.copy_(torch.eye(3))
        in_training = network(z, None, update_emas=True)
        averages = {
            f"{kind}/after/{name}": value.numpy().copy()
            for name, value in network.named_buffers()
            if name.endswith(("magnitude_ema", "w_avg"))
        }
        parts = {"image": images, "short": short, "moved": moved, "trained": in_training}
        found |= averages | {f"{kind}/slope": slope.numpy()}
        found |= {
            f"{kind}/{name}": part.detach().numpy().transpose(0, 2, 3, 1)[:, ::2, ::2]
            for name, part in parts.items()
        }
    np.savez_compressed(Path(__file__).with_name("stylegan3.npz"), **found)


main()
