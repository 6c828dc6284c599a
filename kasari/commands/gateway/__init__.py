"""`kasari gateway`: ask a centre's gateway how it stands, and decide on what it holds."""

import typer

from kasari.commands.gateway import (
    account,
    accounts,
    audit,
    backups,
    courses,
    erasures,
    merges,
    patients,
    status,
    vocabulary,
)

app = typer.Typer(no_args_is_help=True, help="A centre's gateway: status, held courses, account.")

app.command("status")(status.status)
app.command("courses")(courses.courses)
app.command("course")(courses.course)
app.command("release")(courses.release)
app.command("refuse")(courses.refuse)
app.command("leave-out")(courses.leave_out)
app.command("take-in")(courses.take_in)
app.command("account")(account.account)
app.command("confirm-gone")(account.confirm_gone)
app.command("why")(patients.why)
app.command("merge")(patients.merge)
app.command("merges")(merges.merges)
app.command("recall")(erasures.recall)
app.command("receipts")(erasures.receipts)
app.command("withdrawals")(erasures.withdrawals)
app.command("senders")(status.senders)
app.command("collect")(status.collect)
app.command("recheck")(courses.recheck)
app.command("resume")(status.resume)
app.command("vocabulary")(vocabulary.vocabulary)
app.command("account-add")(accounts.add)
app.command("account-list")(accounts.show)
app.command("account-reset")(accounts.reset)
app.command("account-remove")(accounts.remove)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.add_typer(audit.app, name="audit")
