"""`kasari archive`: how the archive stands, what it holds, and saving its database."""

import typer

from kasari.commands.archive import backups, reading

app = typer.Typer(no_args_is_help=True, help="The archive: status, courses, cohorts.")

app.command("status")(reading.status)
app.command("courses")(reading.courses)
app.command("show")(reading.show)
app.command("find")(reading.find)
app.command("audit")(reading.audit)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
