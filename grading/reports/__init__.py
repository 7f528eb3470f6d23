"""What people read of a grade: pages and tables."""
