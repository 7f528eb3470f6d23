"""The pages of the lab: one module per tab, each a view of what is on disk."""
