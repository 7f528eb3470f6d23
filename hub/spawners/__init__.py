"""Where labs run: one package per spawner, with its settings, configuration, form and messages together.

`environment` and `failures` are shared by all of them. `hub.registry` lists the spawners by name.
"""
