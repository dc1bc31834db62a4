"""Weights that the authors of a paper publish, read into runs of its experiment."""
