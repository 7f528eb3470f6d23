"""The same server and switches as for the engine."""

from tests.lab.engine.a1111.conftest import _impatient, address, faults, ui

__all__ = ["_impatient", "address", "faults", "ui"]
