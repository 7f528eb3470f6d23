"""The pages: the only folder that imports Gradio, and only inside its functions."""
