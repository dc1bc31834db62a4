"""Scoring images: what is scored, by which protocol, and the stamp that says so."""
