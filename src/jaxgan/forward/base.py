"""What a forward pass is."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from jaxgan.rng import Rng
from jaxgan.types import Batch, Image, Label, Latent, Outputs

Play: TypeAlias = Callable[[Any, Any, Batch, Rng, Mapping[str, Any]], Outputs]
"""``(generator, discriminator, batch, draw, slow) -> round``."""

Prior: TypeAlias = Callable[..., Latent]
"""``(draw, truncation=None) -> latents``."""

Sample: TypeAlias = Callable[[Any, Latent, "Label | None"], Image]
"""``(generator, latents, labels) -> samples``."""

Labels: TypeAlias = Callable[[Rng, Batch], Label]
"""How the fakes' labels are chosen."""
