"""Generative adversarial networks in JAX: small pure functions, exact runs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxgan.sampling.load import load
    from jaxgan.sampling.sampler import Sampler

__all__ = ["Sampler", "load"]


def __getattr__(name: str) -> Any:
    """``jaxgan.load`` and ``jaxgan.Sampler``, imported when first used.

    The command line then starts without waiting for JAX's heavier parts.
    """
    if name in __all__:
        from jaxgan.sampling import load, sampler

        return getattr(load if name == "load" else sampler, name)
    raise AttributeError(f"module 'jaxgan' has no attribute {name!r}")
