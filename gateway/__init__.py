"""What a class shares: one engine for all, in fair turn; keys and budgets out of reach; receipts."""
