"""Metrics of generative models: pure functions of features, and the networks that make them.

Every function takes arrays, one row per sample. Which network, which images, how many and
which seed belong to the protocol, which the caller states.
"""
