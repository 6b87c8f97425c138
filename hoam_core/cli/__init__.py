"""The command-line interface `hoam`."""
