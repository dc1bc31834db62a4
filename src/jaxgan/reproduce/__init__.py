"""Measuring published numbers again, and the queue of what is to be measured."""
