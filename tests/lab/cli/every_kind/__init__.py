"""What the assignment with every kind of exercise consists of, and what a student writes in it."""
