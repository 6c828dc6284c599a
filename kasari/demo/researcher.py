"""What a researcher does: ask for a cohort, fetch what was found, by DICOMweb."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session

from kasari.doors import Door
from kasari.stack import Stack

QUESTION: Final = "left breast, has Heart, mean heart dose > 2 Gy, from KUH"
QUERY: Final = {
    "BodyPartExamined": "BREAST",
    "Laterality": "L",
    "ROIName": "Heart",
    "dvh": "Heart:Mean[Gy]>2",
    "CentreName": "KUH",
}
STUDY: Final = "0020000D"
PATIENCE_S: Final = 30.0


@dataclass(frozen=True)
class Answer:
    """What was found, and what one study of it holds."""

    studies: int
    instances: int
    """Of the first study, as retrieved by WADO-RS."""
    address: str


class Researcher:
    """Somebody with a reader's token."""

    def __init__(self, stack: Stack) -> None:
        self._door = Door(stack.archive_url, stack.reader_token("researcher")).soon(PATIENCE_S)
        self._root = f"{self._door.url}/dicom-web"

    def status(self) -> dict[str, Any]:
        """Return the archive's counts."""
        found: dict[str, Any] = self._door.json("GET", "/api/v1/status")
        return found

    def ask(self) -> Answer:
        """Put the question and fetch the first study of the answer."""
        session = create_session()
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {self._door.token}"
        client = DICOMwebClient(self._root, session=session)
        found = client.search_for_studies(search_filters=QUERY)
        retrieved = 0
        if found:
            uid = str(found[0][STUDY]["Value"][0])
            retrieved = sum(1 for _ in client.iter_study(uid))
        return Answer(len(found), retrieved, f"{self._root}/studies?{urlencode(QUERY)}")
