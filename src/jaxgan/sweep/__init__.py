"""Many runs: how they are compared and what a page about them says."""
