"""Normalisation whose statistics are those of the global batch."""

from functools import partial

import flax.linen as nn

from jaxgan.types import AXIS

BatchNorm = partial(nn.BatchNorm, axis_name=AXIS)
"""Batch normalisation synchronised over the devices of ``AXIS`` (Ioffe & Szegedy 2015).

``use_running_average=False`` takes the moments of the global batch, so that one device
and eight compute the same function; the moments are float32 whatever the dtype.
"""
