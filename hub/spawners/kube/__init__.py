"""Labs as pods of a Kubernetes cluster: the profiles a student chooses from, and a pod's limits.

`values.yaml` holds the same configuration for Zero to JupyterHub. A test builds pods from both and
compares them.
"""
