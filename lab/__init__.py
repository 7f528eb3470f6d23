"""Where it is done: the engine, the bundled model, the tabs and the server.

`from lab import ...` is for notebooks and scripts (docs/library.md). Each name is fetched when it is used, so
importing `lab` alone loads nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.library.drawing import generate, grid, img2img, pictures, run, sweep
    from lab.library.looking import ask, check, class_metrics, compare, environment, exercises, verify
    from lab.library.opened import close_lab, open_lab

_HOME = {
    "lab.library.drawing": ("generate", "grid", "img2img", "pictures", "run", "sweep"),
    "lab.library.looking": ("ask", "check", "class_metrics", "compare", "environment", "exercises", "verify"),
    "lab.library.opened": ("close_lab", "open_lab"),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "ask",
    "check",
    "class_metrics",
    "close_lab",
    "compare",
    "environment",
    "exercises",
    "generate",
    "grid",
    "img2img",
    "open_lab",
    "pictures",
    "run",
    "sweep",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
