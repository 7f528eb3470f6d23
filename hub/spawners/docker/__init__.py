"""Labs in containers of this machine's engine, with GPUs that are leased to one lab or to a few at a time."""
