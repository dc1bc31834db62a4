"""Losses of generators of text."""

import jax.numpy as jnp

from jaxgan.types import Outputs, Scalar


def negative_log_likelihood(outputs: Outputs) -> Scalar:
    """``-E log p(x)`` of real sequences, in nats a token: maximum likelihood."""
    return -jnp.mean(outputs.extras["read"](outputs.extras["tokens"]))


def policy_gradient(outputs: Outputs) -> Scalar:
    """``-E sum_t Q_t log p(y_t | y_1 ... y_t-1)`` of generated sequences ``y``.

    Its gradient is REINFORCE's with rewards ``Q`` (Yu et al. 2017, SeqGAN, equation 7; Williams
    1992). The value says nothing.
    """
    rewards = outputs.extras["rewards"]()
    return -jnp.mean(jnp.sum(rewards * outputs.extras["log_probabilities"], axis=1))
