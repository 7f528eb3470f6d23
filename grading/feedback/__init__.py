"""What goes back to a student: points, causes, comments, and what would have been right."""
