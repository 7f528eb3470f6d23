"""The models of a server that speaks A1111's API: its address, what it says of itself, its entries."""
