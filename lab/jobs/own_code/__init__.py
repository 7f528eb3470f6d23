"""The student's own code: run in a process apart, bounded, and its pictures compared with those recorded."""
