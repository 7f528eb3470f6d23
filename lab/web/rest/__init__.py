"""The lab's own API: what the pages do, for programs, with the same store, the same runs, the same rules."""
