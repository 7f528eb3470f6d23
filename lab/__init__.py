"""Where it is done: the engine, the bundled model, the tabs and the server."""
