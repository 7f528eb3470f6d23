"""Which models exist and where their weights are; nothing here imports torch."""
