"""What can be seen in a picture by the judge trained for `mini` and by measuring pixels, and nothing more."""
