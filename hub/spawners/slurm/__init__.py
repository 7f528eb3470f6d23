"""Labs as jobs of a Slurm cluster."""
