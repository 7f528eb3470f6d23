"""GPUs of one machine, leased to labs: which GPUs there are, who holds which, and who waits.

Only the Docker spawner leases GPUs: on a cluster Slurm or Kubernetes does that. So this package, its
form and the instructors' page stand with that spawner.
"""
