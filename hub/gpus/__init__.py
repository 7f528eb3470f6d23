"""GPUs of one machine, lent to labs: which there are, who holds which, who waits."""
