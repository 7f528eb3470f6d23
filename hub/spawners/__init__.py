"""Where a student's lab runs: one module per kind, each with `configure(c, settings)`."""
