"""Commands that are imported once they are run: to name them takes a moment, to import them all takes seconds."""

from functools import cached_property
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group


class Later(TyperCommand):
    """A command or a family of commands, known by its name and its help until it is wanted."""

    def __init__(self, name: str, place: str, help: str, *, epilog: str | None = None) -> None:
        """Take its name, its `module:function` or `module:family`, what it does in a sentence, and its examples.

        A family brings its examples along.
        """
        super().__init__(name, help=help)
        self._place = place
        self._examples = epilog

    @cached_property
    def real(self) -> TyperCommand | TyperGroup:
        """Return the command itself, imported now."""
        module, _, name = self._place.partition(":")
        found = getattr(import_module(module), name)
        made = get_group(found) if isinstance(found, typer.Typer) else self._alone(found)
        made.name = self.name
        return made

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the words of a command line as the command itself does."""
        return self.real.make_context(*arguments, **options)

    def _alone(self, function: Any) -> Any:
        holder = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        holder.command(self.name, epilog=self._examples)(function)
        return get_command(holder)


def family(*commands: Later, help: str, epilog: str | None = None) -> typer.Typer:
    """Return a family of these commands, to which others may be added as to any."""

    class Family(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            for command in commands:
                self.add_command(command)

    made = typer.Typer(cls=Family, help=help, epilog=epilog, no_args_is_help=True, rich_markup_mode="markdown")
    made.callback()(_nothing)
    return made


def _nothing() -> None:
    """Do nothing before a command: it stands for a family that has no command of its own yet."""
