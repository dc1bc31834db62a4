"""MoCoGAN's and VGAN's forward passes, by hand: every network is a simple function."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import forward, losses
from jaxgan.errors import UserError
from support.outputs import drawn

ROWS, FRAMES = 5, 3
CLIPS = jnp.arange(ROWS * FRAMES, dtype=jnp.float32).reshape(ROWS, FRAMES, 1, 1, 1)


class Counted:
    """``answer(*arguments)``, and statistics that are the number of calls so far."""

    def __init__(self, answer, calls=0):
        self.answer, self.calls = answer, calls

    def __call__(self, *args, **kwargs):
        return self.answer(*args, **kwargs), self.calls + 1

    def after(self, calls):
        return Counted(self.answer, calls)


def played(latents, frame=None):
    """Each frame is the latent's first number, plus its place in the clip."""
    clip = latents[:, :1] + jnp.arange(FRAMES, dtype=jnp.float32)
    chosen = clip if frame is None else jnp.take_along_axis(clip, frame[:, None], axis=1)[:, 0]
    return chosen[..., None, None, None]


def judge(frame, clip):
    of_clip = clip.sum(axis=(1, 2, 3, 4))
    return 2 * frame[..., 0], (of_clip, jnp.stack([of_clip, -of_clip], axis=1))


def test_frames_and_clips_are_judged():
    game = forward.content_and_motion(FRAMES, content=2, categories=2, motion=1)
    batch = {"image": CLIPS, "label": jnp.zeros(ROWS, jnp.int32)}
    outputs = game.run(Counted(played), Counted(judge), batch, drawn(ROWS), {})
    frame, clips = outputs.real
    np.testing.assert_array_equal(clips, CLIPS)
    assert all(frame[row, 0, 0, 0] in CLIPS[row].ravel() for row in range(ROWS))
    assert len({float(frame[row, 0, 0, 0]) % FRAMES for row in range(ROWS)}) > 1
    np.testing.assert_array_equal(outputs.real_logits[0], 2 * frame[..., 0])
    np.testing.assert_array_equal(outputs.real_logits[1], clips.sum(axis=(1, 2, 3, 4)))
    np.testing.assert_array_equal(outputs.fake_logits[0], 2 * outputs.fake[0][..., 0])
    assert outputs.stats == {"g": 2, "d": 2}
    again = outputs.critic(outputs.fake)
    np.testing.assert_array_equal(again[1], outputs.fake_logits[1])
    # The frame is of a clip of its own.
    own = outputs.fake[0][:, 0, 0, 0, None] - outputs.fake[1].reshape(ROWS, FRAMES)
    assert not np.isclose(own, np.round(own)).any()


def test_the_category_that_is_guessed_is_the_one_that_was_drawn():
    game = forward.content_and_motion(FRAMES, content=2, categories=2, motion=1)
    seen = []
    generator = Counted(lambda latents, frame=None: seen.append(latents) or played(latents, frame))
    outputs = game.run(generator, Counted(judge), {"image": CLIPS}, drawn(ROWS), {})
    np.testing.assert_array_equal(outputs.extras["codes"]["category"], seen[1][:, 2:4])
    assert seen[0].shape == seen[1].shape == (ROWS, 2 + 2 + 1 + FRAMES)
    logits = np.asarray(outputs.extras["fake_codes"]["category"])
    codes = np.asarray(outputs.extras["codes"]["category"])
    chances = logits - np.logaddexp(logits[:, :1], logits[:, 1:])
    wanted = -(codes * chances).sum(axis=1).mean()
    found = losses.categorical_information("category")(outputs)
    assert float(found) == pytest.approx(wanted, rel=1e-5)
    assert "real_labels" not in outputs.extras


def test_the_loss_of_labels_is_that_of_real_clips():
    game = forward.content_and_motion(FRAMES, content=2, categories=2, motion=1)
    batch = {"image": CLIPS, "label": jnp.array([0, 1, 0, 1, 1])}
    outputs = game.run(Counted(played), Counted(judge), batch, drawn(ROWS), {})
    total = np.asarray(CLIPS.sum(axis=(1, 2, 3, 4)))
    right = np.where(np.asarray(batch["label"]) == 0, total, -total)
    wanted = np.logaddexp(0, -2 * right).mean()
    assert float(losses.classification(outputs)) == pytest.approx(wanted, rel=1e-5)


def test_the_mask_is_an_extra_and_no_sample():
    game = forward.foreground_and_background(forward.normal(2))
    mask = jnp.full((ROWS, FRAMES, 1, 1, 1), 0.25)
    generator = Counted(lambda latents: (played(latents), mask))
    critic = Counted(lambda clip: clip.sum(axis=(1, 2, 3, 4)))
    outputs = game.run(generator, critic, {"image": CLIPS}, drawn(ROWS), {})
    assert float(losses.mask_size(outputs)) == 0.25
    assert outputs.fake.shape == CLIPS.shape
    np.testing.assert_array_equal(
        game.sample(generator, jnp.ones((2, 2)), {}).shape[1:], (3, 1, 1, 1)
    )


@pytest.mark.parametrize("shape, fault", [((28, 28, 1), "no clips"), ((16, 32, 24, 3), "squares")])
def test_other_data_are_refused(shape, fault):
    with pytest.raises(UserError, match=fault):
        forward.clip_shape(shape)
