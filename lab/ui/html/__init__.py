"""The HTML that the pages write themselves, escaped."""
