"""How students and instructors log in: one module or package per way.

Each has `configure(c, settings)`, and `announce(settings, t)`, which returns the lines that the console
shows about it when the hub starts. `hub.registry` lists them by name.
"""
