"""How students and instructors log in: one module per kind.

Each has `configure(c, settings)`, and `announce(settings, t)`: what the person who starts the hub
has to know about it, as lines.
"""
