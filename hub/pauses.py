"""How long JupyterHub waits between two looks at what is starting or ending: a service, a lab, the proxy.

Its own pauses double up to five seconds, which everybody who waits for a hub or a lab would notice. Whether a
service has died it asks every thirty seconds only, in which a class without its gateway would draw nothing.
"""

from functools import partial

import jupyterhub.services.service
import jupyterhub.spawner
import jupyterhub.utils
import jupyterhub_traefik_proxy.proxy

LONGEST = 0.5  # seconds; many labs may start at once
SERVICE_SECONDS = 3  # between two looks at whether a service still runs
LONGEST_FOR_PROXY = 0.1  # there is only one, and it loads a route in less


def shorten_pauses() -> None:
    """Keep the pauses short in this process."""
    wait = jupyterhub.utils.exponential_backoff
    jupyterhub.utils.exponential_backoff = partial(wait, max_wait=LONGEST)
    jupyterhub.spawner.exponential_backoff = partial(wait, max_wait=LONGEST)
    jupyterhub_traefik_proxy.proxy.exponential_backoff = partial(wait, max_wait=LONGEST_FOR_PROXY)
    jupyterhub.services.service._ServiceSpawner.poll_interval = SERVICE_SECONDS
