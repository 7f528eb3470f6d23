"""Labs as pods of a Kubernetes cluster: the profiles a student chooses from, and how a pod is confined.

`values.yaml` says the same to Zero to JupyterHub; a test builds pods from both and compares them.
"""
