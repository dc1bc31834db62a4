"""What divides content from motion is for: MoCoGAN against VGAN, on shapes that move.

Paper: Tulyakov et al. 2018, section 5: on synthetic shapes MoCoGAN's average content distance is
lower than VGAN's. Here: the same recipe at 32 pixels, 16 frames and a narrower width, with the
distance of colors of 0 to 255, where real clips have 0.

Run:  jaxgan sweep experiments/studies/mocogan_clips.py --workdir runs/mocogan_clips
      jaxgan report runs/mocogan_clips
"""

import jaxgan as jg

STUDY = jg.Study(
    variants={
        "MoCoGAN": jg.Variant("../mocogan.py", "shape_motion_small", {}),
        "VGAN": jg.Variant("../vgan.py", "shape_motion_small", {}),
    },
    seeds=range(2),
    flags={
        "steps": 1500,
        "evaluate_every": 1500,
        "evaluate_num": 2000,
        "sample_every": 1500,
        "devices": 1,
    },
    scored="acd/mean",
    baseline="MoCoGAN",
)
