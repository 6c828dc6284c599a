"""One matcher for all tests: it learns words, which takes a moment."""

import pytest

from harmonizer.data.tg263 import load_nomenclature
from harmonizer.domain.nomenclature import Mapper


@pytest.fixture(scope="session")
def mapper() -> Mapper:
    return Mapper(load_nomenclature())
