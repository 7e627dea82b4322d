"""The command line as it is once everything is imported."""

from typer.main import get_command

from gateway.cli.later import Later
from gateway.cli.main import app


def imported(command):
    """The command itself, where it is one that is imported later."""
    return command.real if isinstance(command, Later) else command


def every_command(command=None, words=("gateway",)):
    """Each command and family with the words that call it, the families first."""
    command = get_command(app) if command is None else imported(command)
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from every_command(inner, (*words, name))
