"""The engine that asks a ComfyUI server."""
