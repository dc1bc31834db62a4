"""The games of completed images, by hand on networks that are functions."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import forward, losses
from jaxgan.errors import UserError
from jaxgan.forward.completion import MEAN_COLOR, central_hole
from jaxgan.forward.masks import free_form_masks
from support.outputs import drawn


@dataclasses.dataclass(frozen=True)
class Function:
    """A network that is a function, and whose statistics are what it was called with."""

    answer: object
    seen: tuple = ()

    def __call__(self, x):
        return self.answer(x), (*self.seen, x)

    def after(self, seen):
        return Function(self.answer, seen)


IMAGES = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (3, 8, 8, 3)), jnp.float32)
LATENTS = forward.normal(2)(drawn(3))
FILLED = 2 * np.array([117, 104, 123]) / 255 - 1


def square(x):
    return x[:, 2:6, 2:6]


def played(game, generator, images=IMAGES):
    judge = Function(lambda x: jnp.mean(x, (1, 2, 3)))
    return game.run(Function(generator), judge, {"image": images}, drawn(3), {"k": 1})


def test_the_square_is_hidden_but_for_its_border():
    outputs = played(forward.central_square(overlap=1), lambda x: square(x) / 2)
    (shown,) = outputs.stats["g"]
    expected = np.array(IMAGES)
    expected[:, 3:5, 3:5] = FILLED
    np.testing.assert_allclose(shown, expected, rtol=1e-6)
    np.testing.assert_allclose(outputs.fake, square(expected) / 2, rtol=1e-6)
    np.testing.assert_array_equal(outputs.real, square(IMAGES))
    # Squares alone are judged, real ones first.
    np.testing.assert_array_equal(outputs.stats["d"][0], outputs.real)
    np.testing.assert_array_equal(outputs.stats["d"][1], outputs.fake)
    np.testing.assert_allclose(outputs.critic(outputs.fake), outputs.fake_logits)
    np.testing.assert_allclose(outputs.real_logits, np.mean(square(IMAGES), (1, 2, 3)), rtol=1e-5)
    assert outputs.adaptive == {"k": 1}


def test_errors_of_the_border_weigh_ten_times():
    game = forward.central_square(overlap=1, overlap_weight=10.0)
    outputs = played(game, square)
    expected = [[10, 10, 10, 10], [10, 1, 1, 10], [10, 1, 1, 10], [10, 10, 10, 10]]
    np.testing.assert_array_equal(outputs.extras["weights"][..., 0], expected)
    # Off by one everywhere: 12 pixels of weight 10 and 4 of weight 1, over 16.
    off = dataclasses.replace(outputs, extras={**outputs.extras, "predicted": outputs.real + 1})
    assert float(losses.weighted_squared_error(off)) == pytest.approx(124 / 16, rel=1e-5)
    # The copy is right at the border, and wrong within it.
    inner = np.square(np.asarray(IMAGES[:, 3:5, 3:5]) - FILLED).sum() / outputs.real.size
    assert float(losses.weighted_squared_error(outputs)) == pytest.approx(inner, rel=1e-5)


def test_a_sample_is_the_image_with_the_hidden_part_of_the_square():
    game = forward.central_square(overlap=1)
    assert game.condition == ("image",)
    assert game.optional == ()
    condition = {"image": IMAGES}
    sample = game.sample(Function(lambda x: square(x) * 0 + 0.5), LATENTS, condition)
    expected = np.array(IMAGES)
    expected[:, 3:5, 3:5] = 0.5  # the known border is not the prediction's
    np.testing.assert_array_equal(sample, expected)
    expected[:, 3:5, 3:5] = FILLED
    np.testing.assert_allclose(game.origin(LATENTS, condition), expected, rtol=1e-6)
    hidden = np.zeros((3, 8, 8, 1), bool)
    hidden[:, 3:5, 3:5] = True
    np.testing.assert_array_equal(game.hidden(LATENTS, condition), hidden)


def test_without_a_border_all_of_the_square_is_hidden():
    game = forward.central_square(overlap=0)
    outputs = played(game, square)
    np.testing.assert_array_equal(outputs.extras["weights"], np.ones((4, 4, 1)))
    np.testing.assert_allclose(outputs.fake, np.broadcast_to(FILLED, (3, 4, 4, 3)), rtol=1e-6)


def test_hidden_pixels_get_the_color_in_the_game_s_range():
    gray = IMAGES[..., :1]
    game = forward.central_square(overlap=0, range=(0.0, 1.0))
    found = game.origin(LATENTS, {"image": gray})
    np.testing.assert_allclose(square(found), np.mean(MEAN_COLOR), rtol=1e-6)
    white = forward.central_square(overlap=0, color=(1.0,)).origin(LATENTS, {"image": IMAGES})
    np.testing.assert_array_equal(square(white), 1)


@pytest.mark.parametrize("overlap", [2, 3, 9])
def test_a_border_that_is_all_of_the_square_is_refused(overlap):
    assert central_hole(128, 128, 4).sum() == 56**2
    with pytest.raises(UserError, match=f"overlap of {overlap} hides nothing .* 8 x 8; give a"):
        played(forward.central_square(overlap), square)


def test_free_form_games_show_the_mask_and_judge_whole_images():
    outputs = played(forward.free_form(), lambda x: x[..., :3] * 0 + 0.5)
    (shown,) = outputs.stats["g"]
    mask = np.asarray(free_form_masks(forward.normal(2)(drawn(3).named("latent")), 8, 8))
    assert mask.any((1, 2, 3)).all()
    assert not mask.all((1, 2, 3)).any()
    np.testing.assert_array_equal(shown[..., 3:], mask)
    np.testing.assert_allclose(shown[..., :3], np.where(mask, FILLED, IMAGES), rtol=1e-6)
    np.testing.assert_array_equal(outputs.real, IMAGES)
    np.testing.assert_array_equal(outputs.fake, np.where(mask, 0.5, IMAGES))
    np.testing.assert_array_equal(outputs.stats["d"][1], outputs.fake)
    # The whole prediction is compared, also where the image was seen.
    np.testing.assert_array_equal(outputs.extras["predicted"], np.full(IMAGES.shape, 0.5))
    np.testing.assert_array_equal(outputs.extras["weights"], np.ones(mask.shape))
    weights = played(forward.free_form(10.0), lambda x: x[..., :3]).extras["weights"]
    np.testing.assert_array_equal(weights, np.where(mask, 1, 10))


def test_free_form_samples_hide_what_their_latents_or_a_person_say():
    game, condition = forward.free_form(), {"image": IMAGES}
    network = Function(lambda x: x[..., 3:] * 0.5 + 0 * x[..., :3])
    drawn_masks = np.asarray(free_form_masks(LATENTS, 8, 8))
    given = np.zeros((3, 8, 8, 1), np.float32)
    given[:, :2] = 1
    for mask, more in (drawn_masks, {}), (given > 0, {"mask": jnp.asarray(given)}):
        sample = game.sample(network, LATENTS, condition | more)
        np.testing.assert_array_equal(sample, np.where(mask, 0.5, IMAGES))
        origin = game.origin(LATENTS, condition | more)
        np.testing.assert_allclose(origin, np.where(mask, FILLED, IMAGES), rtol=1e-6)
        np.testing.assert_array_equal(game.hidden(LATENTS, condition | more), mask)
    assert game.optional == ("mask",)
