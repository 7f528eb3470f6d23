"""Where a job reports the port of its lab: with the lab's own token, once, while the start waits for it."""

from jupyterhub.apihandlers import APIHandler
from tornado import web

PORTS = range(1024, 65536)


class AddressHandler(APIHandler):
    """`POST /hub/api/slurm/address` with `{"port": 40123}` gives 204, or 409 if no start waits for it."""

    @web.authenticated
    def post(self) -> None:
        body = self.get_json_body()
        port = body.get("port") if isinstance(body, dict) else None
        if type(port) is not int or port not in PORTS:
            raise web.HTTPError(400, "port: a number from 1024 to 65535 is expected")
        token, user = self.get_auth_token(), self.current_user
        spawners = getattr(user, "spawners", {}).values()  # a service has no spawners
        if not token or not any(spawner.report_port(token, port) for spawner in spawners):
            raise web.HTTPError(409, "No lab is waited for")
        self.set_status(204)
