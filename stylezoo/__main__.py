"""``python -m stylezoo`` is the command `stylezoo`."""

from stylezoo.cli import main

main()
