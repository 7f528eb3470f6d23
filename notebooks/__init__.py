"""The notebooks: `sources/` holds each once, `en/` and `fr/` are built of it, `execute.py` runs all."""
