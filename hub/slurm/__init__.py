"""Labs as jobs of a Slurm cluster: what may be asked for, the queue, the job's script, its report."""
