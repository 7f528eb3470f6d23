"""The commands of `genai-lab cohort`, one module each."""

import typer

from hub.cohort.commands.collect import collect
from hub.cohort.commands.deadline import deadline
from hub.cohort.commands.graders import graders
from hub.cohort.commands.remove import remove
from hub.cohort.commands.roster import import_roster
from hub.cohort.commands.start import start
from hub.cohort.commands.status import status
from hub.cohort.commands.stop import stop

cohort = typer.Typer(no_args_is_help=True)
cohort.command("import")(import_roster)
cohort.command("start")(start)
cohort.command("status")(status)
cohort.command("stop")(stop)
cohort.add_typer(deadline, name="deadline")
cohort.command("collect")(collect)
cohort.command("graders")(graders)
cohort.command("remove")(remove)
