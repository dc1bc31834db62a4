"""Training steps compiled ahead of time for TPUs that need not be there."""
