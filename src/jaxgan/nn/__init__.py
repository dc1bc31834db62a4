"""Layers that the network families share."""
