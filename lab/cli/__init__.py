"""The lab's commands: one module each, a thin reading of options around a function elsewhere."""
