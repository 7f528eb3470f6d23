"""From a request to an image: the protocol, the model registry and the local engine on diffusers."""
