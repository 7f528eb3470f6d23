"""Reading what was handed in, and freezing it; nothing in it is trusted."""
