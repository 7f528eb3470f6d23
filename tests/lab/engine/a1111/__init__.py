"""The engine that asks a server with A1111's API."""
