"""Drawing samples from trained generators."""
