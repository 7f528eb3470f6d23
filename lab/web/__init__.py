"""The lab on the web: the server, its middleware, the lab's REST API and the gate of the Hub."""
