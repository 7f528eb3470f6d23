"""What was achieved: checks over manifests, scores, reports and exports. Never imports torch or gradio."""
