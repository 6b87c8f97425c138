"""`python -m hoam_core.cli`, for use where the command `hoam` is not on the path."""

from hoam_core.cli.main import main

main()
