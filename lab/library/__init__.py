"""What `from lab import ...` gives: the lab for notebooks and scripts, documented in docs/library.md.

It calls what the pages and the command line call: its pictures are recorded alike and count alike.
"""
