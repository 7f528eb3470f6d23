"""Models of a ComfyUI server: which there are, and the workflows by which they are asked."""
