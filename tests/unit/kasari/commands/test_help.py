"""Every command shows an example, on a line of its own, that the command takes."""

import inspect
import shlex
from pathlib import Path

import pytest
import typer

from kasari.__main__ import app, register, with_examples

register(None)


def leaves(command: object, words: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], object]]:
    """Return every command below one, with the words that call it."""
    parts = getattr(command, "commands", {})
    found = [leaf for word, part in parts.items() for leaf in leaves(part, (*words, word))]
    is_command = not parts or getattr(command, "invoke_without_command", False)
    return [*found, (words, command)] if is_command else found


COMMANDS = [(words, one) for words, one in leaves(typer.main.get_command(app)) if not one.hidden]


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=[" ".join(w) for w, _ in COMMANDS])
def test_its_examples_are_taken(
    words: tuple[str, ...], command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("export", "COURSE"):
        Path(folder).mkdir()
    said = command.help.replace("\b", "")
    examples = [line for line in said.splitlines() if line.startswith("  kasari ")]
    assert examples, "no example in its help"
    for line in examples:
        called = shlex.split(line.partition(" > ")[0])[1:]
        assert tuple(called[: len(words)]) == words
        for name in called:
            if name.endswith(".dcm"):
                Path(name).touch()
        command.make_context(words[-1], called[len(words) :]).close()
        with typer.Context(command, info_name="kasari") as context:
            assert line.strip() in command.get_help(context)


def test_examples_come_last_and_lines_stay() -> None:
    text = """Say it. Example: kasari say --loud

    More of it.
    Example: kasari say
    """
    assert inspect.cleandoc(with_examples(text)).splitlines()[-4:] == [
        "\b",
        "Examples:",
        "  kasari say --loud",
        "  kasari say",
    ]
    assert with_examples("Nothing.") == "Nothing."
