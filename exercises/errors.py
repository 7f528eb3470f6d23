"""The one kind of error that is shown to the person as it is: something they can put right."""


class UserError(Exception):
    """A message for the person who uses the program: what happened, where, and what to do next.

    The command line prints it on stderr as one line and exits with 2; a tab shows it where the
    person stands. Everything else is a bug, goes to the log, and is shown only as "it failed".
    """
