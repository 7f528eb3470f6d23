"""Things made of pictures by a program with settings: a pattern, a story, a page of a brand, a set of files.

Each module is one application (`crafts.application.Application`), pure and without chance, so that the lab
makes it and the grade works it out again. What is made is kept as files with a record beside them
(`crafts.pieces`).
"""
