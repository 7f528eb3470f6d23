"""The instructors' page about the class, live, at `<hub>/class`.

A process beside the Hub (`service`) watches the labs, keeps what it saw, decodes pictures and makes the
page's parts; in the Hub a handler (`handler`) lets instructors in and passes the parts on.
"""

FOLDER = "class"  # of the state folder: what was seen of each student
ADDRESS_FILE = "address"  # in it: where the process listens
GATEWAY_TOKEN = "GENAI_GATEWAY_TOKEN"  # noqa: S105  (the name of a variable of the process)
