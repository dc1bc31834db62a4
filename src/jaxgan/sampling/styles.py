"""Images of styles: of generators that first turn latents into styles, as StyleGAN's.

Such a generator has two methods beside ``__call__``: ``styles(latent, label, psi=, cutoff=)`` gives
``[b, layers, size]``, and ``synthesis(styles, train=)`` images.
"""

import dataclasses
import inspect
from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import UserError
from jaxgan.sampling.sampler import BATCH, Arithmetic, Sampler, Static


@dataclasses.dataclass(frozen=True)
class Truncation:
    """How far styles lie from the average one (Karras et al. 2019, StyleGAN, appendix B).

    Attributes:
      psi: share of the distance that they would have; None for all of it.
      cutoff: how many layers, the first ones, are truncated; None for all.
    """

    psi: float | None = None
    cutoff: int | None = None


@dataclasses.dataclass(frozen=True)
class StyleSpace:
    """A generator's styles, and the images that it makes of them.

    Attributes:
      sampler: the generator.
      layers: how many styles an image has.
      size: of a style.
    """

    sampler: Sampler
    layers: int
    size: int

    def styles(
        self,
        latents: np.ndarray,
        label: np.ndarray | None = None,
        truncation: Truncation = Truncation(),
    ) -> np.ndarray:
        """The styles of latents, float32 ``[n, layers, size]``.

        Args:
          latents: ``[n, latent]``.
          label: int ``[n]``; None for generators without classes.
          truncation: how far they lie from the average.
        """
        parts = []
        for first in range(0, len(latents), BATCH):
            rows, count = _filled(latents, first)
            labels = None if label is None else _filled(label, first)[0]
            found = _styles(*self._static, truncation.cutoff, *self._variables, rows, labels,
                            truncation.psi)  # fmt: skip
            parts.append(np.asarray(found)[:count])
        return np.concatenate(parts)

    def of_samples(
        self,
        numbers: np.ndarray,
        seed: int = 0,
        label: int | None = None,
        truncation: Truncation = Truncation(),
    ) -> np.ndarray:
        """The styles of the samples of a seed with these numbers, float32 ``[n, layers, size]``.

        Raises:
          UserError: there is no such class.
        """
        count = int(numbers.max()) + 1
        latents, labels = self.sampler.latents(count, seed), self.sampler.labels(count, label)
        chosen = None if labels is None else labels[numbers]
        return self.styles(latents[numbers], chosen, truncation)

    def images(self, styles: np.ndarray) -> np.ndarray:
        """Images of styles ``[n, layers, size]``, quantized."""
        parts = []
        for first in range(0, len(styles), BATCH):
            rows, count = _filled(styles, first)
            made = _images(*self._static, *self._variables, rows)
            parts.append(self.sampler.quantize(np.asarray(made)[:count]))
        return np.concatenate(parts)

    def mixed(self, rows: np.ndarray, columns: np.ndarray, taken: slice) -> np.ndarray:
        """A style mixing grid: each row's styles with some layers' of each column.

        Args:
          rows: styles ``[r, layers, size]``.
          columns: styles ``[c, layers, size]``.
          taken: the layers that are the column's.

        Returns:
          Styles ``[r, c, layers, size]``.
        """
        found = np.repeat(rows[:, None], len(columns), axis=1)
        found[:, :, taken] = columns[None, :, taken]
        return found

    def walk(self, stations: np.ndarray, frames: int) -> np.ndarray:
        """Straight walks from each of several styles to the next and back to the first.

        Args:
          stations: styles ``[n, layers, size]``.
          frames: steps of each walk.

        Returns:
          Styles ``[n * frames, layers, size]``, of which the last is one step from the first.
        """
        share = np.arange(frames, dtype=np.float32)[:, None, None] / frames
        ends = np.roll(stations, -1, axis=0)
        walks = [(1 - share) * a + share * b for a, b in zip(stations, ends, strict=True)]
        return np.concatenate(walks)

    @property
    def _static(self) -> tuple[Static, Arithmetic]:
        return Static(self.sampler.gan), self.sampler.arithmetic

    @property
    def _variables(self) -> tuple[Any, Any]:
        return self.sampler.params, self.sampler.stats


def check_styles(sampler: Sampler) -> None:
    """Refuses a generator that has no styles.

    Raises:
      UserError: it has none.
    """
    if not hasattr(type(sampler.gan.generator), "styles"):
        raise UserError("This generator has no styles; name a run of a StyleGAN.")


def style_space(sampler: Sampler) -> StyleSpace:
    """The styles of a generator.

    Raises:
      UserError: it has none.
    """
    check_styles(sampler)
    labels = sampler.labels(1)
    space = StyleSpace(sampler, 0, 0)
    shape = space.styles(sampler.latents(1), labels).shape
    return dataclasses.replace(space, layers=shape[1], size=shape[2])


def truncated(sampler: Sampler, truncation: Truncation) -> Sampler:
    """The sampler with styles that lie nearer to the average.

    Raises:
      UserError: the generator has no styles, or fewer layers than the cutoff.
    """
    space, cutoff = style_space(sampler), truncation.cutoff
    if cutoff is not None and cutoff > space.layers:
        raise UserError(f"--cutoff {cutoff}: this generator has {space.layers} layers.")
    usual = sampler.gan.forward.sample

    def sample(generator: Any, latents: Any, condition: Any) -> Any:
        nearer = partial(generator, psi=truncation.psi, cutoff=cutoff)
        return usual(nearer, latents, condition)

    forward = dataclasses.replace(sampler.gan.forward, sample=sample)
    return dataclasses.replace(sampler, gan=dataclasses.replace(sampler.gan, forward=forward))


def styles_of(sampler: Sampler, latents: Any, condition: Mapping[str, Any]) -> jax.Array:
    """The styles of latents, ``[n, layers, size]``; may be traced.

    Args:
      sampler: the generator.
      latents: ``[n, latent]``.
      condition: what images depend on beside them, rows by key.

    Raises:
      UserError: the generator has no styles.
    """
    check_styles(sampler)
    static, how = Static(sampler.gan), sampler.arithmetic
    variables, label = (sampler.params, sampler.stats), condition.get("label")
    return _styles(static, how, None, *variables, latents, label, None)


def made_of(sampler: Sampler, styles: Any) -> jax.Array:
    """Images of styles ``[n, layers, size]`` in ``gan.range``; may be traced."""
    return _images(Static(sampler.gan), sampler.arithmetic, sampler.params, sampler.stats, styles)


def moved_images(
    sampler: Sampler, latents: Any, condition: Mapping[str, Any], transform: np.ndarray
) -> jax.Array:
    """Images in ``gan.range`` of what they are made from after a transform, as StyleGAN3's take.

    Args:
      sampler: the generator.
      latents: ``[n, latent]``.
      condition: what images depend on beside them, rows by key.
      transform: from places in the result to places without it, ``[3, 3]``, in sides of an image.

    Raises:
      UserError: the generator takes no transform.
    """
    if "transform" not in inspect.signature(type(sampler.gan.generator).__call__).parameters:
        raise UserError("This generator takes no shifts of what it draws; name a StyleGAN3's run.")
    static, how = Static(sampler.gan), sampler.arithmetic
    place = jnp.asarray(transform, jnp.float32)
    return _moved(static, how, sampler.params, sampler.stats, latents, condition, place)


@partial(jax.jit, static_argnums=(0, 1))
def _moved(static: Static, how: Arithmetic, params, stats, latents, condition, transform):
    with jax.default_matmul_precision(how.precision):
        network = how.bound(static.gan.network("g", params, stats))
        moved = partial(network, transform=transform)
        return static.gan.forward.sample(moved, latents, condition)


def _filled(rows: np.ndarray, first: int) -> tuple[np.ndarray, int]:
    """A batch of rows, of which the last repeats, and how many there are."""
    part = np.asarray(rows[first : first + BATCH])
    return part[np.minimum(np.arange(BATCH), len(part) - 1)], len(part)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _styles(static: Static, how: Arithmetic, cutoff, params, stats, latents, label, psi):
    with jax.default_matmul_precision(how.precision):
        network = how.bound(static.gan.network("g", params, stats))
        variables = {"params": network.params, **network.stats}
        options = {"psi": psi, "cutoff": cutoff, "method": "styles"}
        return network.module.apply(variables, latents, label, **options)


@partial(jax.jit, static_argnums=(0, 1))
def _images(static: Static, how: Arithmetic, params, stats, styles):
    return synthesize(static, how, params, stats, styles)


def synthesize(static: Static, how: Arithmetic, params: Any, stats: Any, styles: Any) -> jax.Array:
    """Images ``[n, h, w, c]`` of styles ``[n, layers, size]``, in ``gan.range``, float32."""
    with jax.default_matmul_precision(how.precision):
        network = how.bound(static.gan.network("g", params, stats))
        variables = {"params": network.params, **network.stats}
        made = network.module.apply(
            variables, styles, method=lambda module, x: module.synthesis(x, train=False)
        )
        return jnp.asarray(made, jnp.float32)
