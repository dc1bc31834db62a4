r"""What completes the middle of a picture best: both losses, or one alone?

Paper: Pathak et al. 2016, section 5.1: the L2 loss blurs, the adversarial loss alone fills in what
does not fit, both together are sharp and fit. Here: errors within the hole, which the L2 loss
minimizes, beside two controls that need no network.

Run:  jaxgan sweep experiments/studies/context_encoder.py --data folder:data/cifar10_jpeg \
        --workdir runs/context_encoder
      jaxgan report runs/context_encoder
"""

import jaxgan as jg


def encoder(**flags) -> jg.Variant:
    """The Context Encoder at a quarter of its width, 32 pixels."""
    return jg.Variant("../context_encoder.py", "cifar10_small", flags)


L2 = dict(adversarial=0.0, reconstruction=1.0)

STUDY = jg.Study(
    variants={
        "both": encoder(),
        "L2 only": encoder(**L2, generator_rate=2e-4),
        "L2 only, fast": encoder(**L2),
        "adversarial only": encoder(adversarial=1.0, reconstruction=0.0, generator_rate=2e-4),
    },
    seeds=range(3),
    flags={
        "steps": 1000,
        "evaluate_every": 1000,
        "evaluate_num": 5000,
        "sample_every": 1000,
        "devices": 1,
    },
    scored="hole/l1",
    baseline="both",
)
