"""The fake Hub of the cohort's tests."""

from tests.hub.cohort.conftest import fake

__all__ = ["fake"]
