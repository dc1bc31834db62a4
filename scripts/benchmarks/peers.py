"""The GANs that ``speed.py`` times, written the usual way in PyTorch.

Layers, losses, batches and updates are those of our experiments with the flags that ``speed.py``
gives them; each network has as many parameters as ours. What PyTorch offers to make a step faster
is used where it changes no result: fused Adam, no gradients for the player that rests, one
iteration of spectral normalization for each update (``parametrize.cached``), one forward pass for
loss and R1. Random latents and the choice of real images, which lie in memory as floats, are part
of a step. Rates are constant, and nothing is logged: ours does both, so it does more.
"""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

Way = Literal["eager", "channels_last", "compile"]


class DcganGenerator(nn.Module):
    """DCGAN's of 28 x 28 pixels, ``[b, latent] -> [b, 1, 28, 28]``."""

    def __init__(self, width: int, latent: int):
        super().__init__()
        self.width = width
        self.project = nn.Linear(latent, 7 * 7 * 2 * width, bias=False)
        self.norm = nn.BatchNorm1d(7 * 7 * 2 * width)
        up = {"kernel_size": 5, "stride": 2, "padding": 2, "output_padding": 1, "bias": False}
        self.body = nn.Sequential(
            nn.ConvTranspose2d(2 * width, width, **up),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, 1, **up),
            nn.Tanh(),
        )

    def forward(self, latent):
        """Draws images."""
        x = F.relu(self.norm(self.project(latent)))
        return self.body(x.view(-1, 2 * self.width, 7, 7))


def dcgan_discriminator(width: int) -> nn.Module:
    """DCGAN's of 28 x 28 pixels, ``[b, 1, 28, 28] -> [b, 1]``."""
    down = {"kernel_size": 5, "stride": 2, "padding": 2, "bias": False}
    return nn.Sequential(
        nn.Conv2d(1, width, **down),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, **down),
        nn.BatchNorm2d(2 * width),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(7 * 7 * 2 * width, 1, bias=False),
    )


class GeneratorBlock(nn.Module):
    """Norm, relu, up, conv, norm, relu, conv, and a shortcut of 1 x 1."""

    def __init__(self, width: int, epsilon: float):
        super().__init__()
        self.norm1, self.norm2 = (nn.BatchNorm2d(width, eps=epsilon) for _ in range(2))
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.shortcut = nn.Conv2d(width, width, 1)

    def forward(self, x):
        """The residual plus the shortcut, doubled."""
        h = self.conv1(F.interpolate(F.relu(self.norm1(x)), scale_factor=2))
        h = self.conv2(F.relu(self.norm2(h)))
        return h + self.shortcut(F.interpolate(x, scale_factor=2))


class ResnetGenerator(nn.Module):
    """WGAN-GP's and SNGAN's of 32 x 32 pixels, ``[b, latent] -> [b, 3, 32, 32]``."""

    def __init__(self, width: int, latent: int, epsilon: float):
        super().__init__()
        self.width = width
        self.project = nn.Linear(latent, 4 * 4 * width)
        self.blocks = nn.Sequential(*(GeneratorBlock(width, epsilon) for _ in range(3)))
        self.norm = nn.BatchNorm2d(width, eps=epsilon)
        self.to_image = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, latent):
        """Draws images."""
        x = self.blocks(self.project(latent).view(-1, self.width, 4, 4))
        return torch.tanh(self.to_image(F.relu(self.norm(x))))


class DiscriminatorBlock(nn.Module):
    """(Relu,) conv, relu, conv(, down), and a shortcut."""

    def __init__(self, width: int, down: bool, channels: int | None = None):
        super().__init__()
        self.first, self.down = channels is not None, down
        self.conv1 = nn.Conv2d(channels or width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.shortcut = nn.Conv2d(channels or width, width, 1) if down else None

    def forward(self, x):
        """The residual plus the shortcut."""
        h = self.conv2(F.relu(self.conv1(x if self.first else F.relu(x))))
        if not self.down:
            return h + x
        if self.first:
            return F.avg_pool2d(h, 2) + self.shortcut(F.avg_pool2d(x, 2))
        return F.avg_pool2d(h, 2) + F.avg_pool2d(self.shortcut(x), 2)


class ResnetDiscriminator(nn.Module):
    """WGAN-GP's and SNGAN's of 32 x 32 pixels, ``[b, 3, 32, 32] -> [b, 1]``."""

    def __init__(self, width: int, pool: Callable, bias: bool):
        super().__init__()
        self.pool = pool
        self.blocks = nn.Sequential(
            DiscriminatorBlock(width, True, channels=3),
            DiscriminatorBlock(width, True),
            DiscriminatorBlock(width, False),
            DiscriminatorBlock(width, False),
        )
        self.head = nn.Linear(width, 1, bias=bias)

    def forward(self, image):
        """Scores images."""
        return self.head(self.pool(F.relu(self.blocks(image)), (2, 3)))


def perceptron(inputs: int, hidden: int, outputs: int) -> nn.Module:
    """Two hidden layers of rectifiers."""
    layers = (nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
    return nn.Sequential(*layers, nn.Linear(hidden, outputs))


def normalized(network: nn.Module) -> nn.Module:
    """The network with every kernel spectrally normalized."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            spectral_norm(module)
    return network


def logistic_d(real, fake):
    """The first GAN's loss of the discriminator."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def logistic_g(fake):
    """The non-saturating loss."""
    return F.softplus(-fake).mean()


def hinge_d(real, fake):
    """The hinge loss."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def wasserstein_d(real, fake):
    """The critic's loss."""
    return fake.mean() - real.mean()


def wasserstein_g(fake):
    """The generator's loss against a critic, and under the hinge loss."""
    return -fake.mean()


@dataclasses.dataclass
class Peer:
    """A GAN in PyTorch.

    Attributes:
      shape: of a sample, channels first.
      latents: draws a batch of latents.
      generator: the network.
      discriminator: the network.
      d_loss: ``(real logits, fake logits) -> loss``.
      g_loss: ``fake logits -> loss``.
      rate: Adam's.
      betas: Adam's.
      d_steps: updates of the discriminator in a step.
      r1: weight of R1; 0 for none.
      gradient_penalty: weight of WGAN-GP's; 0 for none.
      ema: decay of the generator's average; 0 for none.
    """

    shape: tuple[int, ...]
    latents: Callable[[], torch.Tensor]
    generator: nn.Module
    discriminator: nn.Module
    d_loss: Callable
    g_loss: Callable
    rate: float
    betas: tuple[float, float]
    d_steps: int = 1
    r1: float = 0.0
    gradient_penalty: float = 0.0
    ema: float = 0.0

    @property
    def twice_differentiated(self) -> bool:
        """Whether gradients of gradients are taken, which ``torch.compile`` does not know."""
        return bool(self.r1 or self.gradient_penalty)


def dcgan() -> Peer:
    """``experiments/dcgan.py fashion_mnist``, with an average."""
    return Peer(
        shape=(1, 28, 28),
        latents=lambda: torch.rand(64, 100) * 2 - 1,
        generator=DcganGenerator(64, 100),
        discriminator=dcgan_discriminator(64),
        d_loss=logistic_d,
        g_loss=logistic_g,
        rate=2e-4,
        betas=(0.5, 0.999),
        ema=0.999,
    )


def sngan() -> Peer:
    """``experiments/sngan_cifar10.py``, of width 32 and with two discriminator updates."""
    return Peer(
        shape=(3, 32, 32),
        latents=lambda: torch.randn(64, 128),
        generator=ResnetGenerator(32, 128, 2e-5),
        discriminator=normalized(ResnetDiscriminator(32, torch.sum, bias=False)),
        d_loss=hinge_d,
        g_loss=wasserstein_g,
        rate=2e-4,
        betas=(0.0, 0.9),
        d_steps=2,
    )


def wgan_gp() -> Peer:
    """``experiments/wgan_gp_cifar10.py``, of width 32 and with two critic updates."""
    return Peer(
        shape=(3, 32, 32),
        latents=lambda: torch.randn(64, 128),
        generator=ResnetGenerator(32, 128, 1e-5),
        discriminator=ResnetDiscriminator(32, torch.mean, bias=True),
        d_loss=wasserstein_d,
        g_loss=wasserstein_g,
        rate=2e-4,
        betas=(0.0, 0.9),
        d_steps=2,
        gradient_penalty=10.0,
    )


def mlp(r1: float = 0.0) -> Peer:
    """``experiments/gan_ring.py``."""
    return Peer(
        shape=(2,),
        latents=lambda: torch.randn(256, 2),
        generator=perceptron(2, 128, 2),
        discriminator=perceptron(2, 128, 1),
        d_loss=logistic_d,
        g_loss=logistic_g,
        rate=1e-3,
        betas=(0.5, 0.999),
        r1=r1,
        ema=0.999,
    )


def mlp_r1() -> Peer:
    """``experiments/gan_ring.py --r1 0.1``."""
    return mlp(0.1)


PEERS: dict[str, Callable[[], Peer]] = {
    "dcgan": dcgan,
    "sngan": sngan,
    "wgan_gp": wgan_gp,
    "mlp": mlp,
    "mlp_r1": mlp_r1,
}


def slopes(critic: Callable, samples: torch.Tensor, logits: torch.Tensor | None = None):
    """The critic's squared slope at each sample, to be differentiated again."""
    if logits is None:
        samples = samples.detach().requires_grad_()
        logits = critic(samples)
    (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return gradient.square().flatten(1).sum(1)


@contextmanager
def resting(network: nn.Module) -> Iterator[None]:
    """Takes no gradients of the network's parameters."""
    network.requires_grad_(False)
    yield
    network.requires_grad_(True)


def make_step(peer: Peer, way: Way) -> Callable[[], None]:
    """One training step, on noise in the place of images."""
    torch.set_flush_denormal(True)  # as XLA does
    generator, discriminator = peer.generator.train(), peer.discriminator.train()
    batch = len(peer.latents())
    data = torch.randn(1024, *peer.shape)
    if way != "eager" and len(peer.shape) == 3:
        generator, discriminator, data = (
            thing.to(memory_format=torch.channels_last)
            for thing in (generator, discriminator, data)
        )
    average = AveragedModel(generator, multi_avg_fn=get_ema_multi_avg_fn(peer.ema))
    g_optimizer, d_optimizer = (
        torch.optim.Adam(network.parameters(), lr=peer.rate, betas=peer.betas, fused=True)
        for network in (generator, discriminator)
    )
    draw, judge = generator, discriminator
    if way == "compile":
        draw, judge = torch.compile(generator), torch.compile(discriminator)

    def discriminator_update() -> None:
        real = data[torch.randint(len(data), (batch,))]
        with torch.no_grad():
            fake = draw(peer.latents())
        if peer.r1:
            real.requires_grad_()
        with parametrize.cached():
            real_logits = judge(real)
            loss = peer.d_loss(real_logits, judge(fake))
            if peer.r1:
                loss = loss + 0.5 * peer.r1 * slopes(judge, real, real_logits).mean()
            if peer.gradient_penalty:
                between = real + torch.rand(batch, 1, 1, 1) * (fake - real)
                lengths = (slopes(judge, between) + 1e-12).sqrt()
                loss = loss + peer.gradient_penalty * (lengths - 1).square().mean()
            d_optimizer.zero_grad(set_to_none=True)
            loss.backward()
        d_optimizer.step()

    def generator_update() -> None:
        with resting(discriminator), parametrize.cached():
            loss = peer.g_loss(judge(draw(peer.latents())))
            g_optimizer.zero_grad(set_to_none=True)
            loss.backward()
        g_optimizer.step()

    def step() -> None:
        for _ in range(peer.d_steps):
            discriminator_update()
        generator_update()
        if peer.ema:
            average.update_parameters(generator)

    return step
