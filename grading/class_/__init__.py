"""Grading many submissions at once, in worker processes."""
