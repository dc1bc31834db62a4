"""The one exception that is the user's to mend."""


class UserError(ValueError):
    """A fault in what the user gave: a flag, a file, a data set, a run folder.

    The message is one or two short sentences that name the fault and the fix. The
    command line prints it without a traceback and exits with code 2.
    """
