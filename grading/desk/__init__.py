"""The desk: the pages on which people judge what only people can."""
