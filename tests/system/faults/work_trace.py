"""What a harmonizer's database itself sees of its work list, by triggers, whoever works on it."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from harmonizer.adapters.database import open_engine
from harmonizer.adapters.work import SqlWork
from harmonizer.services.submission import HARMONIZE

ONCE_AT_A_TIME = "(tk?l)*"
"""Taken by one, its results kept at most once, and left (done or put off) before the next."""
BEGIN = """
CREATE TABLE trace (at INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT, event TEXT);
CREATE TRIGGER trace_taken AFTER UPDATE OF lease_until ON work
  WHEN NEW.kind = 'harmonize' AND NEW.lease_until IS NOT NULL
  BEGIN INSERT INTO trace (subject, event) VALUES (NEW.subject, 't'); END;
CREATE TRIGGER trace_left AFTER UPDATE OF state ON work
  WHEN OLD.kind = 'harmonize' AND OLD.state = 'running' AND NEW.state <> 'running'
  BEGIN INSERT INTO trace (subject, event) VALUES (OLD.subject, 'l'); END;
CREATE TRIGGER trace_done AFTER DELETE ON work WHEN OLD.kind = 'harmonize'
  BEGIN INSERT INTO trace (subject, event) VALUES (OLD.subject, 'l'); END;
CREATE TRIGGER trace_kept AFTER UPDATE OF harmonized_at ON course
  BEGIN INSERT INTO trace (subject, event) VALUES (NEW.course_uid, 'k'); END;
"""
END = """
DROP TRIGGER trace_taken; DROP TRIGGER trace_left; DROP TRIGGER trace_done;
DROP TRIGGER trace_kept; DROP TABLE trace;
"""


class Trace:
    """What has happened to each course since the trace began."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = open_engine(f"sqlite:///{path}")

    def close(self) -> None:
        self._engine.dispose()

    def of_courses(self) -> dict[str, str]:
        """Return a letter for each event of a course, in their order."""
        found: dict[str, str] = defaultdict(str)
        with closing(sqlite3.connect(self._path)) as connection:
            for subject, event in connection.execute(
                "SELECT subject, event FROM trace ORDER BY at"
            ):
                found[subject] += event
        return dict(found)

    def taken(self) -> int:
        return sum(events.count("t") for events in self.of_courses().values())

    def ask_again(self) -> None:
        """Ask that every course be harmonized anew."""
        with closing(sqlite3.connect(self._path)) as connection:
            courses = [row[0] for row in connection.execute("SELECT course_uid FROM course")]
        SqlWork(self._engine).add(HARMONIZE, courses, datetime.now(UTC))


@contextmanager
def traced(path: Path) -> Iterator[Trace]:
    """Write down in the database what is done, until the end."""
    trace = Trace(path)
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        connection.executescript(BEGIN)
        try:
            yield trace
        finally:
            trace.close()
            connection.executescript(END)
