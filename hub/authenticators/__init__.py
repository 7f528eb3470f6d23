"""How students and instructors log in: one module per kind, each with `configure(c, settings)`."""
