"""CycleGAN: images translated between two domains, without pairs.

Paper: Zhu, Park, Isola & Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent
Adversarial Networks", ICCV 2017, arXiv:1703.10593.
Code of the authors: github.com/junyanz/CycleGAN (Lua) and
github.com/junyanz/pytorch-CycleGAN-and-pix2pix.

Run:  python experiments/cyclegan.py horse2zebra
      python experiments/cyclegan.py horse2zebra --data unpaired:horses,zebras
      python experiments/cyclegan.py small_images --data unpaired:horses,zebras
      python experiments/cyclegan.py glyphs_small
Cost: horse2zebra is the paper's run, 200 epochs of the 1177 images that the authors count: for the
      default 235 400 steps of one image of each domain it needs a GPU, as small_images does for as
      many; neither was measured. glyphs_small: 96 ms a step on one CPU core, so about 13 minutes
      for the default 8000 steps.

horse2zebra has the paper's networks for 256 pixels: two generators of nine residual blocks with
11,378,179 parameters each, and two discriminators of 2,764,737 that judge patches of 70 pixels.
small_images has six blocks (7,837,699), as the paper for 128 pixels and as the Lua code by default.
glyphs_small is the same game for a CPU: 32 pixels, a quarter of the width, three blocks.

Both players move at once, each by the gradient at the other's old weights. That is the order of the
PyTorch code: the fakes are made, both generators move against the frozen discriminators, and then
the discriminators move on those same fakes, or on what the pool gives for them. The Lua code moves
the four networks one after the other.

Differs from the paper:
- Its evidence is FCN-8s scores of Cityscapes and people's judgments; jaxgan measures neither. Where
  the true pairs are known (glyphs_small), the distance to the true target is measured.
- Glyphs are ours.
- The identity loss is on, at half the cycle's weight: the default of both codes. The paper uses it
  for paintings to photos only (--identity 0).
- The pool is fed the fakes of a whole batch, one after the other; the authors' batch is of 1.
- The rate falls step by step; in the authors' code, from epoch to epoch.
- An epoch is as many steps as the larger domain has images; the images of the other are drawn anew
  with each.
- The images are enlarged to 286 pixels from 256; the authors enlarge the files. Ours is bilinear,
  as the Lua code's; the PyTorch code's is bicubic.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import cyclegan
from jaxgan.nets.pix2pix import PatchDiscriminator


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    cycle: jg.NonNegative = 10.0
    """Weight of the distance after a translation there and back, both ways."""
    identity: jg.Weight = 0.5
    """Weight, in weights of the cycle, of what a generator changes in images of its own domain."""
    pool: int | None = 50
    """Past fakes of each domain that the discriminators see in the place of new ones; 0 for
    none."""
    width: int = 64
    """Feature maps of the generators' first layer; their blocks have four times as many."""
    blocks: int = 9
    """Residual blocks of each generator."""
    discriminator_width: int = 64
    """Feature maps of the discriminators' first layer, and up to eight times as many later."""
    layers: int = 3
    """Halvings of the discriminators: 1, 2, 3 judge patches of 16, 34, 70 pixels."""
    jitter: int | None = None
    """Pixels by which images are enlarged, to be cropped back at random; none by default."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players; falls linearly to 0 over the second half of the steps."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """Two generators against two discriminators."""
    target, source = task.shape, task.source_shape
    side = min(*target[:2], *source[:2])
    if side // 2**cfg.layers < 3:
        raise jg.UserError(f"--layers {cfg.layers}: too many for {side} pixels; give fewer.")

    identity = not jg.left_out(cfg.identity)
    if identity and source[-1] != target[-1]:
        raise jg.UserError(
            f"{source[-1]} and {target[-1]} channels: the identity loss needs as many in both "
            "domains; give --channels 3, or 1, or --identity 0."
        )

    def translator(channels: int) -> cyclegan.ResNetGenerator:
        return cyclegan.ResNetGenerator(channels, cfg.width, cfg.blocks, task.dtype)

    def judge() -> PatchDiscriminator:
        return PatchDiscriminator(cfg.discriminator_width, cfg.layers, "instance", task.dtype)

    forward, pools = jg.forward.cycle(bool(cfg.pool), identity), {}
    if cfg.jitter:
        forward = jg.forward.jittered(cfg.jitter, forward, aligned=False)
    if cfg.pool:
        empty = jg.forward.empty_pools(cfg.pool, (target, source))
        pools = dict(adaptive=empty, adapt=jg.forward.move_pools)
    # Half of the squares: the authors halve the discriminators' loss, not the generators'.
    squares = jg.losses.least_squares().map(jg.losses.each_domain)
    rate = jg.optim.linear_after_half(cfg.learning_rate, task.steps)
    adam = optax.adam(rate, b1=cfg.beta1)
    return jg.Gan(
        generator=cyclegan.Generators(translator(target[-1]), translator(source[-1])),
        discriminator=cyclegan.Discriminators(judge(), judge()),
        forward=forward,
        terms={
            "g": {
                "adversarial": jg.scale(2.0, jg.losses.of_own_logits(squares.generator)),
                "cycle": jg.scale(cfg.cycle, jg.losses.cycle_consistency),
                "identity": jg.scale(cfg.cycle, jg.scale(cfg.identity, jg.losses.identity_mapping)),
            },
            "d": {"adversarial": squares.discriminator},
        },
        optimizers={"g": adam, "d": adam},
        updates=jg.SIMULTANEOUS,
        threshold=0.5,
        **pools,
    )


FCN = (
    "Cityscapes, {}: accuracy of pixels; of classes; IoU (at 128 pixels, FCN-8s; jaxgan does not "
    "measure it)"
)
CITYSCAPES = (
    jg.Published(FCN.format("labels to photo"), "0.52; 0.17; 0.11", "second hand"),
    jg.Published(FCN.format("photo to labels"), "0.58; 0.22; 0.16", "second hand"),
)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    fixed_budget=True,
    scoring=jg.Scoring(metrics=("fd",), num=1000),
    smoke=dict(width=4, discriminator_width=4, blocks=1, layers=1, pool=3),
    ablations={
        "no cycle": dict(cycle=0.0),
        "no identity": dict(identity=0.0),
        "no pool": dict(pool=0),
    },
    presets={
        "horse2zebra": dict(
            data=jg.datasets.HORSE2ZEBRA,
            steps=235_400,
            batch_size=1,
            resolution=256,
            flip=True,
            jitter=30,
        ),
        "small_images": dict(
            data=jg.datasets.HORSE2ZEBRA,
            steps=235_400,
            batch_size=1,
            resolution=128,
            flip=True,
            jitter=15,
            blocks=6,
            published=CITYSCAPES,
        ),
        "glyphs_small": dict(
            data=jg.datasets.UNPAIRED_GLYPHS_32,
            scoring=jg.Scoring(metrics=("l1", "psnr", "ssim", "fd"), num=1835),
            steps=8000,
            batch_size=4,
            width=16,
            blocks=3,
            discriminator_width=16,
            layers=1,
        ),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
