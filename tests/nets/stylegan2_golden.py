"""Writes stylegan2.npz: the authors' PyTorch networks and losses at weights that NumPy draws.

Needs PyTorch, scipy and requests, and a copy of github.com/NVlabs/stylegan2-ada-pytorch:

    python tests/nets/stylegan2_golden.py FOLDER_OF_THAT_REPOSITORY
"""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

sys.path[:0] = [sys.argv[1]]
networks, losses = import_module("training.networks"), import_module("training.loss")

SIDE, BASE, MOST, LATENT, STYLE, DEPTH, CLASSES = 16, 64, 6, 5, 6, 2, 3
"""Widths 6, 6 and 4."""

AVERAGE, DECAY, GAMMA = 0.3, 0.01, 2.0
"""Of the path length and its decay; of R1."""


def fill(network):
    """Every parameter and fixed noise, in the order of the modules."""
    random = np.random.default_rng(0)
    for name, parameter in (*network.named_parameters(), *network.named_buffers()):
        shape = tuple(parameter.shape)
        array = random.standard_normal(shape)
        if name.endswith("resample_filter"):
            continue
        if name.endswith(("bias", "w_avg", "noise_strength")):
            array = 0.2 * array + ("affine" in name)
        elif "mapping.fc" in name:
            array = 100.0 * array
        parameter.data = torch.tensor(np.asarray(array, np.float32))


def arrays(network, prefix):
    """The parameters and fixed noises by the authors' names."""
    kept = (*network.named_parameters(), *network.named_buffers())
    return {
        f"{prefix}/{name}": value.detach().numpy().copy()
        for name, value in kept
        if not name.endswith("resample_filter")
    }


def generator(classes, latents, label, found, name):
    """A generator's styles and images, and the path length penalty."""
    g = networks.Generator(
        LATENT,
        classes,
        STYLE,
        SIDE,
        3,
        dict(num_layers=DEPTH),
        dict(channel_base=BASE, channel_max=MOST, conv_clamp=256),
    )
    fill(g)
    found |= arrays(g, f"{name}/g")
    z, other = latents
    g.eval()
    styles, others = g.mapping(z, label), g.mapping(other, label)
    found[f"{name}/styles"] = styles
    found[f"{name}/made"] = g.synthesis(styles, noise_mode="const")
    mixed = torch.cat([styles[:, :3], others[:, 3:]], dim=1)
    found[f"{name}/mixed"] = g.synthesis(mixed, noise_mode="const")
    found[f"{name}/truncated"] = g.mapping(z, label, truncation_psi=0.7, truncation_cutoff=2)
    g.train()
    for module in g.modules():
        if hasattr(module, "use_noise"):
            module.use_noise = False
    y = torch.tensor(np.random.default_rng(2).normal(size=(2, 3, SIDE, SIDE)).astype(np.float32))
    found[f"{name}/y"] = y
    loss = losses.StyleGAN2Loss(
        "cpu", g.mapping, g.synthesis, None, style_mixing_prob=0, pl_decay=DECAY, pl_weight=1
    )
    loss.pl_mean.fill_(AVERAGE)
    drawn, torch.randn_like = torch.randn_like, lambda image: y
    loss.accumulate_gradients(
        "Greg", None, None, torch.cat([z, other]), label.repeat(2, 1), True, 1
    )
    torch.randn_like = drawn
    found[f"{name}/path/average"] = loss.pl_mean
    found[f"{name}/path/of_kernel"] = g.synthesis.b16.conv0.weight.grad
    found[f"{name}/path/of_mapping"] = g.mapping.fc0.weight.grad
    found[f"{name}/average"] = g.mapping.w_avg
    ws = g.mapping(z, label, skip_w_avg_update=True)
    image = g.synthesis(ws)
    (slopes,) = torch.autograd.grad((image * y / SIDE).sum(), ws)
    found[f"{name}/path/lengths"] = slopes.square().sum(2).mean(1).sqrt()


def discriminator(classes, architecture, image, label, found, name):
    """A discriminator's logits and R1."""
    d = networks.Discriminator(
        classes,
        SIDE,
        3,
        architecture,
        BASE,
        MOST,
        conv_clamp=256,
        epilogue_kwargs=dict(mbstd_group_size=2),
    )
    fill(d)
    found |= arrays(d, f"{name}/d")
    seen = image.clone().requires_grad_(True)
    logits = d(seen, label)
    found[f"{name}/logits"] = logits
    (slope,) = torch.autograd.grad(logits.sum(), seen)
    found[f"{name}/r1"] = 0.5 * slope.square().sum([1, 2, 3]).mean()
    loss = losses.StyleGAN2Loss("cpu", None, None, d, r1_gamma=1)
    loss.accumulate_gradients("Dreg", image, label, None, None, True, 1)
    found[f"{name}/r1/of_kernel"] = d.b16.conv1.weight.grad
    found[f"{name}/r1/of_dense"] = d.b4.fc.weight.grad


def main():
    """Writes the arrays."""
    random, found = np.random.default_rng(1), {}
    latents = torch.tensor(random.normal(size=(2, 2, LATENT)).astype(np.float32))
    image = torch.tensor(random.normal(size=(4, 3, SIDE, SIDE)).astype(np.float32))
    found |= {"latents": latents, "image": image}
    one_hot = torch.eye(CLASSES)[[2, 0, 1, 2]]
    for name, classes, architecture in (("plain", 0, "orig"), ("classes", CLASSES, "resnet")):
        label = one_hot[:, :classes]
        generator(classes, latents, label[:2], found, name)
        discriminator(classes, architecture, image, label, found, name)
    values = {name: np.asarray(torch.as_tensor(value).detach()) for name, value in found.items()}
    np.savez_compressed(Path(__file__).with_name("stylegan2.npz"), **values)


main()
