"""`python -m tollway.cli` is `tollway`."""

from tollway.cli.app import main

main()
