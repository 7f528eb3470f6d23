"""The process beside the Hub: `python -m lab.web.desk.service FOLDER`, started by the Hub.

FOLDER has `submissions/<assignment>/`, where `genai-lab cohort collect` puts them, and
`grades/<assignment>/`, where grades and marks are kept. With GENAI_GATEWAY and its token feedback reaches
the labs.
"""

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from exercises.i18n import preferred_language
from grading.desk.several import Desks, build_desks
from grading.feedback.publishing import GatewayCarrier
from lab.session.gateway import gateway_token
from lab.session.settings import LabSettings
from lab.web.desk.gate import DeskServiceSettings, GradersGate
from lab.web.desk.graders import Graders

GRACE = 2  # seconds that what is under way gets when the Hub ends


def serve(folder: Path, settings: DeskServiceSettings) -> None:
    """Serve until told to end."""
    language, url = preferred_language(), LabSettings().gateway
    carrier = GatewayCarrier(url, gateway_token().get_secret_value()) if url else None
    desks = build_desks(Desks(folder, language, carrier), language)
    below = Starlette(routes=[Mount(settings.service_prefix.rstrip("/"), app=desks)])
    gate = GradersGate(below, settings, Graders(settings.api_url, settings.api_token))
    config = uvicorn.Config(
        gate,
        host=settings.listen_host,
        port=settings.listen_port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), DeskServiceSettings())
