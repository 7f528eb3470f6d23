"""The engine that asks a ComfyUI server: its workflows, its client, its errors in the student's words."""
