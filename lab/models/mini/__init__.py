"""The bundled model `mini`: its vocabulary, its weights and their hashes."""
