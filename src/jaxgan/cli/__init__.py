"""The command line, a file per command; only scripts and experiment files import it."""
