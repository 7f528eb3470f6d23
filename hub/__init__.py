"""Who may do it: JupyterHub's configuration, its spawners, and the tools for cohorts."""
