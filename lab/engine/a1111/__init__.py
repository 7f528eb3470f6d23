"""The engine that asks a server which speaks A1111's API."""
