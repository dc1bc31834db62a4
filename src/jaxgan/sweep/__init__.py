"""Sweeps: many trials of an experiment, trained, resumed and recorded."""
