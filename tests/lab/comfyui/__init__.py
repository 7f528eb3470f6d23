"""The bundled ComfyUI server, asked over HTTP."""
