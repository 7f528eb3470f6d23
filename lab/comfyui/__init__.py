"""ComfyUI's protocol over `mini`: what `genai-lab comfy` serves."""
