"""The code lists that a gateway carries are the archive's own."""

import json

from kasari.clinical.publishing import code_lists, published_path


def test_the_gateway_carries_the_archive_s_code_lists() -> None:
    published = json.loads(published_path().read_text("utf-8"))
    assert published == code_lists(), "run `kasari clinical publish-codelists`"
