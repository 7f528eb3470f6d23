"""A real gateway carries the feedback."""

from tests.gateway.conftest import start_gateway as start_gateway
