"""The one command: every topic is a sub-command from `kasari.commands`."""

import typer

app = typer.Typer(name="kasari", no_args_is_help=True, help="The KaSARi radiotherapy archive.")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
