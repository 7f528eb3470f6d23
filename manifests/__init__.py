"""What was done: the manifest beside every image, the store that writes both, the chain that ties them."""
