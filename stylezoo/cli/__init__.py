"""The command `stylezoo`. Nothing heavy is imported before a command needs it."""

from stylezoo.cli.command import main

__all__ = ["main"]
