"""Logins at the university's identity provider, by OpenID Connect."""
