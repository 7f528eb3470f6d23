"""Accounts in the hub's own database: students sign up, and an instructor approves them."""
