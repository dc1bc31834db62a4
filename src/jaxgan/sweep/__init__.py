"""Many runs: planned, trained, resumed and recorded; and how they compare."""
