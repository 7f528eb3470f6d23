"""How long JupyterHub waits between two looks at what is starting or ending: a service, a lab, the proxy.

Its own pauses double up to five seconds, which everybody who waits for a hub or a lab would notice.
"""

from functools import partial

import jupyterhub.spawner
import jupyterhub.utils
import jupyterhub_traefik_proxy.proxy

LONGEST = 0.5  # seconds; many labs may start at once
LONGEST_FOR_PROXY = 0.1  # there is only one, and it loads a route in less


def shorten_pauses() -> None:
    """Keep the pauses short in this process."""
    wait = jupyterhub.utils.exponential_backoff
    jupyterhub.utils.exponential_backoff = partial(wait, max_wait=LONGEST)
    jupyterhub.spawner.exponential_backoff = partial(wait, max_wait=LONGEST)
    jupyterhub_traefik_proxy.proxy.exponential_backoff = partial(wait, max_wait=LONGEST_FOR_PROXY)
