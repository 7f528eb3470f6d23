"""What people decided about submissions: kept apart from what checks compute, and never lost."""
