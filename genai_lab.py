"""The command `genai-lab`: gathers the commands each package brings, and loads one only when it runs."""
