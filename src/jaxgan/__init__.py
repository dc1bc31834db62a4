"""Generative adversarial networks in JAX: small pure functions, exact runs."""
