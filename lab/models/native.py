"""The side for which a model of another server was made, guessed from its name: no server tells it."""

LARGE = ("xl", "flux", "sd3", "qwen", "hidream", "hunyuan", "lumina")  # in names: made for 1024 pixels


def native_side(name: str, usual: int) -> int:
    """1024 for the large ones, else what is usual."""
    return 1024 if any(word in name.lower() for word in LARGE) else usual
