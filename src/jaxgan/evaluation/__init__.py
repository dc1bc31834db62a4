"""Scoring samples: what is measured, of what, against what, and by which protocol."""
