"""How `mini` was made. Run its modules with `python -m training.…`; nothing else imports them."""
