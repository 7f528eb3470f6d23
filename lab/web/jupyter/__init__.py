"""JupyterLab beside the lab, where the instructor offers it: a process of the lab's, behind its gate."""
