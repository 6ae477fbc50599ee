"""`python -m revpath` is the command `revpath`."""

from .studies.commands.cli import main

if __name__ == "__main__":
    main()
