"""What a caller says of itself before anything is let through, against pynetdicom's own words."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom import AE
from pynetdicom.pdu import A_ASSOCIATE_RJ, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import A_ASSOCIATE

from gateway.domain.dicomnet import HEADER_BYTES, Refused, length_of, read_request, rejection

CT = "1.2.840.10008.5.1.4.1.1.2"
COMMITMENT = "1.2.840.10008.1.20.1"


def request(*syntaxes: str, calling: str = "TPS", called: str = "KASARI") -> bytes:
    ae = AE(calling)
    for syntax in syntaxes:
        ae.add_requested_context(syntax)
    primitive = A_ASSOCIATE()
    primitive.application_context_name = "1.2.840.10008.3.1.1.1"
    primitive.calling_ae_title, primitive.called_ae_title = calling, called
    contexts = ae.requested_contexts
    for number, context in enumerate(contexts):
        context.context_id = 2 * number + 1
    primitive.presentation_context_definition_list = contexts
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(primitive)
    encoded: bytes = pdu.encode()
    return encoded


def test_a_request_says_who_calls_whom_for_what() -> None:
    data = request(CT, COMMITMENT)
    assert length_of(data[:HEADER_BYTES]) == len(data) - HEADER_BYTES
    found = read_request(data[HEADER_BYTES:])
    assert (found.calling, found.called) == ("TPS", "KASARI")
    assert found.abstract_syntaxes == {CT, COMMITMENT}


@pytest.mark.parametrize("header", [b"GET / ", b"\x01\x00\x7f\xff\xff\xff", b"\x01\x00\x00", b""])
def test_what_is_no_request_has_no_length(header: bytes) -> None:
    assert length_of(header) is None


def test_items_that_do_not_add_up_are_an_error() -> None:
    body = request(CT)[HEADER_BYTES:]
    with pytest.raises(ValueError, match="longer"):
        read_request(body[:-3])


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(ValueError):
        assert read_request(body).abstract_syntaxes is not None


@pytest.mark.parametrize("why", list(Refused))
def test_a_rejection_is_one_that_pynetdicom_reads(why: Refused) -> None:
    pdu = A_ASSOCIATE_RJ()
    pdu.decode(rejection(why))
    assert (pdu.result, pdu.source, pdu.reason_diagnostic) == why.value
