"""What a person can stop while it goes on, and what ends in the store."""
