"""The guards of the test suite itself hold."""

import socket

import pytest

from tests.conftest import OutsideConnection


def test_a_connection_beyond_this_machine_fails_the_test():
    # 192.0.2.1 is reserved for documentation: nothing answers there, and the guard acts before anyone could
    with pytest.raises(OutsideConnection), socket.socket() as client:
        client.connect(("192.0.2.1", 9))


def test_a_connection_to_this_machine_is_allowed():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())
