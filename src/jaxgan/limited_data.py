"""Learning from few images: what keeps a discriminator from learning them by heart.

Each function here changes a game, ``Gan -> Gan``, so that an experiment takes it in one line::

    return jg.limited_data.adaptive_augmentation(jg.Gan(...))

``requested`` is what the flags ``--augment``, ``--lecam`` and ``--freeze-d`` ask for.
"""

import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jaxgan.augment import Augment, ada, diff_augment
from jaxgan.data.modality import IMAGES, Modality
from jaxgan.errors import UserError
from jaxgan.forward.wrappers import augmented, augmented_within, deceived
from jaxgan.game.gan import Gan, Phase, groups
from jaxgan.game.terms import measured, scale
from jaxgan.losses.loss import Term
from jaxgan.penalties.lecam import lecam_averages, lecam_clipped, lecam_start
from jaxgan.types import Outputs, ScalarLike, Seen

AUGMENTATIONS: Mapping[str, Callable[[Gan, ScalarLike], Gan]] = {
    "diffaugment": lambda gan, ramp: differentiable_augmentation(gan),
    "ada": lambda gan, ramp: adaptive_augmentation(gan, ramp=ramp),
    "apa": lambda gan, ramp: adaptive_pseudo_augmentation(gan, ramp=ramp),
}
"""What ``--augment`` may name."""

RAMP = 500_000.0
"""Images in which a strength would go from 0 to 1, in both papers."""


def requested(
    modality: Modality,
    augment: str = "none",
    augment_ramp: float = RAMP,
    lecam: float = 0.0,
    freeze_d: str = "",
) -> Callable[[Gan], Gan]:
    """The change of a game that flags ask for.

    Args:
      modality: of the data.
      augment: one of ``AUGMENTATIONS``, or ``none``.
      augment_ramp: images in which its strength would go from 0 to 1, if it is adaptive.
      lecam: weight of LeCam's penalty; 0 for none.
      freeze_d: names of the discriminator's modules that stay as they are, with commas.

    Raises:
      UserError: what is to be augmented are not single images.
    """
    if augment != "none" and modality != IMAGES:
        raise UserError(
            f"--augment {augment}: only single images are augmented, not {modality.name}."
        )

    def change(gan: Gan) -> Gan:
        if augment != "none":
            if gan.forward.origin is not None:
                raise UserError(
                    f"--augment {augment}: images that are made from images are compared with "
                    "theirs, which an augmentation would move; omit it."
                )
            gan = AUGMENTATIONS[augment](gan, augment_ramp)
        if lecam:
            gan = with_lecam(gan, lecam)
        names = [name.strip() for name in freeze_d.split(",")]
        return freeze(gan, names) if freeze_d else gan

    return change


def differentiable_augmentation(gan: Gan, augment: Augment = diff_augment) -> Gan:
    """DiffAugment: the discriminator sees augmented images only (Zhao et al. 2020).

    Args:
      gan: a game of images.
      augment: by default the paper's color, translation and cutout.

    Raises:
      UserError: the path length of its generator is penalized, which is that of images before.
    """
    phases = (phase for group in groups(gan.updates) for phase in group)
    if any("path_length" in (phase.terms or ()) for phase in phases):
        raise UserError(
            "--augment diffaugment would augment the images whose path length is penalized; add "
            "--path-length 0, or use ada."
        )
    return dataclasses.replace(gan, forward=augmented(augment, gan.forward))


def adaptive_augmentation(
    gan: Gan,
    pipeline: ada.Pipeline = ada.BGC,
    target: ScalarLike = 0.6,
    ramp: ScalarLike = RAMP,
    interval: int = 4,
) -> Gan:
    """ADA: the discriminator augments what it sees, as often as it overfits (Karras et al. 2020).

    Args:
      gan: a game of images.
      pipeline: the augmentations; by default ``bgc``, the paper's best.
      target: see ``augment.ada.controlled``, as for the next two.
      ramp: in images.
      interval: in steps.

    Raises:
      UserError: the sign of the discriminator's logits does not tell real from generated, or the
        game already has adaptive augmentation.
    """
    forward = augmented_within(
        lambda images, rng, strength: ada.augment(images, rng, strength, pipeline),
        lambda adaptive: adaptive["ada"]["strength"],
        gan.forward,
    )
    return _controlled(dataclasses.replace(gan, forward=forward), "ada", target, ramp, interval)


def adaptive_pseudo_augmentation(
    gan: Gan, target: ScalarLike = 0.6, ramp: ScalarLike = RAMP, interval: int = 4
) -> Gan:
    """APA: generated images are passed off as real, as often as it overfits (Jiang et al. 2021).

    Args:
      gan: a game of images.
      target: see ``augment.ada.controlled``, as for the next two.
      ramp: in images.
      interval: in steps.

    Raises:
      UserError: as for ``adaptive_augmentation``.
    """
    forward = deceived(lambda adaptive: adaptive["ada"]["strength"], gan.forward)
    return _controlled(dataclasses.replace(gan, forward=forward), "apa", target, ramp, interval)


def _controlled(gan: Gan, name: str, target: ScalarLike, ramp: ScalarLike, interval: int) -> Gan:
    """A game whose strength of augmentation follows the signs of its logits, both logged.

    Raises:
      UserError: they say nothing, or something else has that strength.
    """
    if gan.threshold is None or gan.threshold != 0:
        raise UserError(
            f"{name} follows the signs of the discriminator's logits, which do not tell real from "
            "generated in this game; use --augment diffaugment."
        )
    if gan.forward.pack > 1:
        raise UserError(f"{name}: this discriminator judges packs of images; use diffaugment.")
    if "ada" in gan.adaptive:
        raise UserError(f"{name}: this game has an adaptive augmentation of its own.")
    seen = {
        "augmentation": measured(lambda outputs: outputs.adaptive["ada"]["strength"]),
        "signs": measured(lambda outputs: jnp.mean(outputs.remember["signs"])),
    }
    gan = _with_terms(gan, seen)
    return _with_adaptive(gan, {"ada": ada.START}, ada.controlled(target, ramp, interval))


def with_lecam(gan: Gan, weight: ScalarLike, decay: ScalarLike = 0.99) -> Gan:
    """LeCam's penalty, as its authors' code has it (Tseng et al. 2021).

    Args:
      gan: a game whose logits are single numbers.
      weight: of the penalty.
      decay: of the averages of logits that it compares with.

    Raises:
      UserError: the game has the penalty already; or, when it is traced, has no such logits.
    """

    def penalty(outputs: Outputs) -> Any:
        if isinstance(outputs.real_logits, tuple):
            raise UserError("--lecam: this discriminator gives several logits; omit it.")
        return lecam_clipped(outputs)

    def averages(adaptive: dict[str, Any], seen: Seen) -> dict[str, Any]:
        if "d/logits_real" not in seen.logs:
            raise UserError("--lecam: this discriminator gives no logits of samples; omit it.")
        return lecam_averages(decay)(adaptive, seen)

    if "lecam" in gan.terms["d"] or "lecam_real" in gan.adaptive:
        raise UserError("--lecam: this game has LeCam's penalty already; use its own weight.")
    gan = _with_terms(gan, {"lecam": scale(weight, penalty)})
    return _with_adaptive(gan, lecam_start, averages)


def freeze(gan: Gan, modules: Collection[str]) -> Gan:
    """FreezeD: modules of the discriminator keep the weights that they begin with (Mo et al. 2020).

    It is for a run that begins with the weights of another one (``--init-from``), whose first
    layers see the same edges and colors. Batch statistics move on.

    Args:
      gan: a game.
      modules: names of its discriminator's outermost modules.

    Raises:
      UserError: when its state is made, where there is no such module.
    """
    frozen = _frozen(frozenset(modules))
    chained = optax.chain(gan.optimizers["d"], frozen)
    return dataclasses.replace(gan, optimizers={**gan.optimizers, "d": chained})


def _frozen(modules: frozenset[str]) -> optax.GradientTransformation:
    """No updates of these modules."""

    def init(params: Any) -> optax.OptState:
        for name in sorted(modules - params.keys()):
            raise UserError(
                f"--freeze-d {name}: the discriminator has no such module, but "
                f"{', '.join(sorted(params))}."
            )
        return optax.EmptyState()

    def update(updates: Any, state: optax.OptState, params: Any = None) -> tuple[Any, Any]:
        del params
        zero = jax.tree.map(jnp.zeros_like, {name: updates[name] for name in modules})
        return {**updates, **zero}, state

    return optax.GradientTransformation(init, update)


def _with_terms(gan: Gan, terms: Mapping[str, Term]) -> Gan:
    """A game with more terms of the discriminator, in its first phase where phases name theirs."""
    missing = True

    def phase(one: Phase) -> Phase:
        nonlocal missing
        if one.player != "d" or not missing:
            return one
        missing = False
        return one if one.terms is None else dataclasses.replace(one, terms=(*one.terms, *terms))

    updates = tuple(
        phase(update) if isinstance(update, Phase) else tuple(map(phase, update))
        for update in gan.updates
    )
    every = {**gan.terms, "d": {**gan.terms["d"], **terms}}
    return dataclasses.replace(gan, terms=every, updates=updates)


def _with_adaptive(
    gan: Gan, start: Mapping[str, Any], rule: Callable[[dict[str, Any], Seen], dict[str, Any]]
) -> Gan:
    """A game with more adaptive state, which a rule moves beside the game's own."""

    def adapt(adaptive: dict[str, Any], seen: Seen) -> dict[str, Any]:
        return rule(gan.adapt(adaptive, seen), seen)

    return dataclasses.replace(gan, adaptive={**gan.adaptive, **start}, adapt=adapt)
