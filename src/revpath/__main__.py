"""`python -m revpath` is the command `revpath`."""

from .studies.commands.cli import main

main()
