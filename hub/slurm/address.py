"""Where a lab inside a job says its port: with its own token, once, and only while its start waits for it."""

from jupyterhub.apihandlers import APIHandler
from tornado import web

PORTS = range(1024, 65536)


class AddressHandler(APIHandler):
    """`POST /hub/api/slurm/address` with `{"port": 40123}`: 204, or 409 where no lab is waited for."""

    @web.authenticated
    def post(self) -> None:
        body = self.get_json_body()
        port = body.get("port") if isinstance(body, dict) else None
        if type(port) is not int or port not in PORTS:
            raise web.HTTPError(400, "port: a number from 1024 to 65535 is expected")
        token, user = self.get_auth_token(), self.current_user
        spawners = getattr(user, "spawners", {}).values()  # a service has none
        if not token or not any(spawner.take_port(token, port) for spawner in spawners):
            raise web.HTTPError(409, "No lab is waited for")
        self.set_status(204)
