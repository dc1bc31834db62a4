"""What WaveGAN's parts do for speech: phase shuffle, long kernels; and SpecGAN beside it.

Paper: Donahue, McAuley & Puckette 2019, section 5 and table 1: by their Inception score of digits,
phase shuffle helps WaveGAN and harms SpecGAN, whose score is the highest; people prefer WaveGAN.
Long kernels (25) are in place of DCGAN's 5 x 5. Here: spoken syllables at an eighth of the width,
the Fréchet distance of log-mel statistics and the Inception score over tones and speakers.

Run:  jaxgan data prepare syllables
      jaxgan sweep experiments/studies/wavegan_syllables.py --workdir runs/wavegan_syllables
      jaxgan report runs/wavegan_syllables
"""

import jaxgan as jg


def wavegan(**flags) -> jg.Variant:
    """WaveGAN at an eighth of its width, 8,192 samples."""
    return jg.Variant("../wavegan.py", "syllables_small", flags)


STUDY = jg.Study(
    variants={
        "phase shuffle": wavegan(),
        "no phase shuffle": wavegan(shuffle=0),
        "kernels of 5": wavegan(kernel=5),
        "SpecGAN": jg.Variant("../specgan.py", "syllables_small", {}),
    },
    seeds=range(2),
    flags={
        "steps": 1000,
        "evaluate_every": 1000,
        "evaluate_num": 2000,
        "sample_every": 1000,
        "devices": 1,
    },
    scored="fd_log_mel/distance",
    baseline="phase shuffle",
)
