"""What every page works on: the lab of one student, its settings, and the examination of its machine."""
