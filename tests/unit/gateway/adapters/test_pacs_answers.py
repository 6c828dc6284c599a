"""What the last answer of a C-MOVE means, by hand (PS3.4 C.4.2.1.5)."""

import pytest
from pydicom import Dataset

from gateway.adapters.pacs import moved
from gateway.ports import Moved


def answer(status: int, completed: int = 0, failed: int = 0, warning: int = 0) -> Dataset:
    made = Dataset()
    made.Status = status
    made.NumberOfCompletedSuboperations = completed
    made.NumberOfFailedSuboperations = failed
    made.NumberOfWarningSuboperations = warning
    return made


@pytest.mark.parametrize(
    ("last", "means"),
    [
        (answer(0x0000, 51), Moved(51, 0)),
        (answer(0xB000, 1, 50), Moved(1, 50, "50 of 51 objects were not sent (0xB000)")),
        (answer(0xB000, 1, 1, 2), Moved(3, 1, "1 of 4 objects were not sent (0xB000)")),
        (answer(0x0000, 1, 1), Moved(1, 1, "1 of 2 objects were not sent (0x0000)")),
        (answer(0xB000, 3, 0, 1), Moved(4, 0)),
    ],
)
def test_objects_that_were_not_sent_are_a_problem(last: Dataset, means: Moved) -> None:
    assert moved(last) == means


def test_a_failure_without_numbers_or_without_an_end_is_a_problem() -> None:
    bare = Dataset()
    bare.Status = 0xB000
    assert moved(bare).problem.startswith("not all objects were sent")
    assert moved(Dataset()) == Moved(0, 0, "the answer broke off")
    assert "(0xA702)" in moved(answer(0xA702, 0, 3)).problem
