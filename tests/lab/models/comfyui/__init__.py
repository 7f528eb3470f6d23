"""Models of a ComfyUI server."""
