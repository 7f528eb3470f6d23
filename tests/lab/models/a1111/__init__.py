"""Models of a server with A1111's API."""
