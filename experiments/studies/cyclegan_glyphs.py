"""What the cycle is for: CycleGAN with and without it, on typefaces that are never seen in pairs.

Paper: Zhu et al. 2017, section 5.1.4, which finds by FCN-8s scores of Cityscapes that the
adversarial loss alone is far worse. Here the true pairs of the test characters are known, so the
distance to the true target is measured; the table has that of the sources left as they are beside
it, as a control.

Run:  jaxgan data prepare glyphs/32
      jaxgan sweep experiments/studies/cyclegan_glyphs.py --workdir runs/cyclegan_glyphs
      jaxgan report runs/cyclegan_glyphs
"""

import jaxgan as jg


def cyclegan(**flags) -> jg.Variant:
    """CycleGAN at a quarter of its width, 32 pixels."""
    return jg.Variant("../cyclegan.py", "glyphs_small", flags)


STUDY = jg.Study(
    variants={
        "cycle and identity": cyclegan(),
        "cycle alone": cyclegan(identity=0.0),
        "neither": cyclegan(cycle=0.0),
    },
    seeds=range(2),
    flags={
        "steps": 4000,
        "evaluate_every": 4000,
        "evaluate_num": 1835,
        "sample_every": 4000,
        "devices": 1,
    },
    scored="l1/mean",
    baseline="cycle and identity",
)
