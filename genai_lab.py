"""The command `genai-lab`: gathers the commands each package brings, and imports one only when it runs.

So `genai-lab --help` and the light commands load neither torch nor gradio. What the person can put
right (wrong usage, bad input, a full disk) is one line on stderr and exit code 2; any other exception
is a bug and keeps its traceback.
"""

import errno
import os
import sys
from collections.abc import Callable
from importlib import import_module

import typer
from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import BaseSettings
from typer.exceptions import Abort, TyperException

from exercises.errors import BadEnvFile, MissingExtra, UserError
from exercises.faults import faults
from exercises.i18n import preferred_language, translator
from manifests.errors import StoreError

LANGUAGE = "GENAI_LANGUAGE"
COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("lab.cli.serve:serve", "Open the lab in a browser."),
    "run": ("lab.cli.run:run", "Make an assignment's images without the browser."),
    "batch": ("lab.cli.batch:batch", "Draw a list of pictures, and go on with it after a stop."),
    "pipeline": ("lab.cli.pipeline:pipeline", "Draw, let a model look and improve the prompt, draw again."),
    "adapt": ("lab.cli.adapt:adapt", "Teach a model your own thing from a few photos."),
    "dataset": ("lab.cli.dataset:dataset", "Draw a data set by its plan, and teach a classifier on it."),
    "check": ("grading.commands:check", "Show what is done and what is missing."),
    "verify": ("lab.cli.verify:verify", "Make recorded images again and compare."),
    "code": ("lab.cli.code:code", "Print an image as a short Python script on diffusers alone."),
    "marks": ("lab.cli.marks:marks", "Say what a picture declares of its origin, and whether it holds."),
    "hand-in": ("grading.commands:hand_in", "Freeze a submission."),
    "grade": ("lab.cli.grade:grade", "Grade a folder of submissions, one folder per student."),
    "desk": ("lab.cli.desk:desk", "Judge in the browser what only a person can."),
    "grades": ("lab.cli.grades:grades", "Publish grades, and bring them into a platform's gradebook."),
    "models": ("lab.cli.models:models", "List what can run here, and why not; fetch a model."),
    "api": ("lab.cli.api:api", "Serve the bundled model to OpenAI clients."),
    "comfy": ("lab.cli.comfy:comfy", "Serve the bundled model to ComfyUI's clients."),
    "gateway": ("gateway.command:gateway", "Draw for all labs of a class, and sign what was drawn."),
    "hub": ("hub.command:hub", "Start a JupyterHub: a lab of their own for each student of a class."),
    "cohort": ("hub.cohort.commands:cohort", "Import a class, start it, see who is ready, collect its work."),
    "mcp": ("lab.cli.mcp:mcp", "Give the lab to an agent as tools, on stdin and stdout."),
    "doctor": ("lab.cli.doctor:doctor", "Find everything that can be wrong, each with its fix."),
}


# What a system says of a folder or a disk, which the person can put right.
REFUSALS = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EEXIST,
    errno.EISDIR,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


def load(target: str) -> Callable[..., object]:
    """The function, or the group of commands, that `module:name` names."""
    module, _, name = target.partition(":")
    try:
        command: Callable[..., object] = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        own = package in ("exercises", "manifests", "grading", "lab", "gateway", "hub")
        if own or not module.startswith("hub."):
            raise
        raise MissingExtra("hub", error.name or "") from error
    return command


def build(arguments: list[str]) -> typer.Typer:
    """The application with the one command that `arguments` ask for; all others are a line of help."""
    app = typer.Typer(
        name="genai-lab",
        help="A teaching lab for generative images.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )

    @app.callback()
    def _group() -> None:
        """A teaching lab for generative images."""

    wanted = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, (target, summary) in COMMANDS.items():
        command = load(target) if name == wanted else (lambda: None)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, help=summary)
        else:
            app.command(name, short_help=summary, help=command.__doc__ or summary)(command)
    return app


def wrong_setting(error: ValidationError) -> str:
    """Which setting is wrong, by the name it has in the environment and `.env`, and what was expected."""
    field = str(error.errors()[0]["loc"][0])
    name = field if field.isupper() else f"{prefix(error.title)}{field.upper()}"
    language = preferred_language()
    expected = faults(error, {field: None})[0].text(language)
    return translator("lab", language)("settings.wrong", name=name, expected=expected)


def prefix(title: str) -> str:
    """What the environment's names of a settings class begin with."""
    for settings in BaseSettings.__subclasses__():
        if settings.__name__ == title:
            return settings.model_config.get("env_prefix", "")
    return "GENAI_"


def take_language_of_env_file() -> None:
    """Let `.env` say the language of messages, as it says all other settings, unless the environment does.

    Raises BadEnvFile.
    """
    try:
        said = dotenv_values(".env").get(LANGUAGE)
    except UnicodeDecodeError as error:
        raise BadEnvFile(error.start) from error
    if said and not os.environ.get(LANGUAGE):
        os.environ[LANGUAGE] = said


def main() -> None:
    arguments = sys.argv[1:] or ["--help"]
    try:
        take_language_of_env_file()
        sys.exit(typer.main.get_command(build(arguments)).main(arguments, standalone_mode=False))
    except UserError as error:
        complaint = str(error)
    except ValidationError as error:
        if not error.title.endswith("Settings"):
            raise
        complaint = wrong_setting(error)
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        complaint = str(StoreError("store.system", folder=error.filename or ".", reason=error.strerror))
    except TyperException as error:
        complaint = f"{error.format_message()} Try 'genai-lab --help'."
    except Abort:
        sys.exit(130)  # Ctrl-C, as a shell reports it
    print(f"genai-lab: {' '.join(complaint.split())}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
