"""Pictures made of pictures: an exercise's labelled grid, and the film of a run."""
