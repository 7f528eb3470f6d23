"""Providers of models behind an API: one way to ask them, what it cost, and what was asked before."""
