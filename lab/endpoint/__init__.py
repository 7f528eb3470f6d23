"""An OpenAI-compatible server on the models that run here and the analyser."""
