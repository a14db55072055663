"""`python -m omnilogue` is the command."""

from .cli import main

main()
