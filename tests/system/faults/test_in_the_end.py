"""After every fault: all is harmonized, and nobody is named outside the vault."""

from tests.system.faults.ward import Ward


def test_after_all_faults(checked: Ward) -> None:
    """All of the above on one stack | all harmonized, the sums add up, no identifier in any file"""
    if not checked.patients:
        checked.send(checked.admit())
    checked.check()
    checked.check_in_the_end()
