"""Exit codes of ``jaxgan train`` and of every other command."""

EXIT_FAILED = 1
"""An error that is not the user's; of a sweep, that a trial failed."""
EXIT_FAULT = 2
"""The user's input is at fault."""
EXIT_DIVERGED = 3
"""Training diverged; the run folder says when."""
EXIT_AGAIN = 75
"""Stopped by SIGTERM, as a scheduler sends it: run the same command again. ``EX_TEMPFAIL``."""
EXIT_INTERRUPTED = 130
"""Stopped by Ctrl-C; the same command resumes."""
EXIT_NO_READER = 141
"""Whoever read the output has ended, as in ``jaxgan data list | head -1``; a shell's code."""
