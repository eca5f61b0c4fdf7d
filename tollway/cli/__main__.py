"""`python -m tollway.cli` is `tollway`."""

from tollway.cli.commands import main

main()
