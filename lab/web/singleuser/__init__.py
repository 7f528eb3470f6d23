"""The lab as a JupyterHub server: one process, its own application behind a gate that asks the Hub.

`settings` is light; the other modules are imported only where a Hub started the lab.
"""
