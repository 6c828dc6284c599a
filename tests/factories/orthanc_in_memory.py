"""What an archive's Orthanc with its DICOMweb plugin answers to a reader, from given courses."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import httpx

from harmonizer.adapters.orthanc import orthanc_id
from tests.factories.archive_rows import PARTS, Given

HOST = "http://orthanc.invalid:8042"
IN_METADATA: dict[str, Any] = {
    "00280030": {"vr": "DS", "Value": ["0.976562", "0.976562"]},
    "3004000C": {"vr": "DS", "Value": ["-120", "-117.5", "-115"]},
    "3004000E": {"vr": "DS", "Value": ["1.5e-05"]},
    "30060020": {
        "vr": "SQ",
        "Value": [{"30060022": {"vr": "IS", "Value": ["7"]}}],
    },
}


class OrthancInMemory:
    """Holds five instances of each course, those that readers may not see as well."""

    def __init__(self, courses: Sequence[Given]) -> None:
        self._courses = courses
        self.asked: list[httpx.Request] = []
        self.down = False
        self.gone: set[str] = set()

    def file(self, given: Given, index: int) -> bytes:
        """Bytes of an instance, of more than one chunk."""
        return f"DICM of {given.instance(index)} ".encode() * 5000

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Act as a transport's handler."""
        self.asked.append(request)
        if self.down:
            raise httpx.ConnectError("refused")
        path = request.url.path
        if match := re.fullmatch(r"/dicom-web/(studies|series|instances)", path):
            asked = parse_qsl(request.url.query.decode())
            return self._search(match[1], asked)
        if path.endswith("/metadata"):
            return self._metadata(path)
        if match := re.fullmatch(r"/instances/([0-9a-f-]+)/file", path):
            return self._file(match[1])
        if re.search(r"/(frames/[0-9,]+|rendered|bulk/.*)$", path):
            return httpx.Response(200, headers={"content-type": "image/png"}, content=b"picture")
        return httpx.Response(404)

    def _search(self, level: str, asked: Sequence[tuple[str, str]]) -> httpx.Response:
        wanted = dict(asked)
        found = []
        for given in self._courses:
            described = {"PatientSex": "F" if given.number % 2 else "M"}
            if any(wanted.get(key, value) != value for key, value in described.items()):
                continue
            found += self._of_level(level, given, wanted)
        start, many = int(wanted.get("offset", 0)), int(wanted.get("limit", 10_000))
        return httpx.Response(200, json=found[start : start + many])

    def _of_level(self, level: str, given: Given, wanted: dict[str, str]) -> list[dict[str, Any]]:
        studies = [{"0020000D": given.study}]
        series = [
            {"0020000D": given.study, "0020000E": given.series(modality)}
            for modality in dict.fromkeys(part[0] for part in PARTS)
        ]
        instances = [{"00080018": given.instance(index)} for index in range(len(PARTS))]
        rows, key, tag = {
            "studies": (studies, "StudyInstanceUID", "0020000D"),
            "series": (series, "SeriesInstanceUID", "0020000E"),
            "instances": (instances, "SOPInstanceUID", "00080018"),
        }[level]
        uids = wanted[key].split(",") if key in wanted else None
        return [
            {name: {"vr": "UI", "Value": [value]} for name, value in row.items()}
            | {
                "00080020": {"vr": "DA", "Value": ["20251103"]},
                "00100020": {"vr": "LO", "Value": [given.national_id]},
                "00081190": {"vr": "UR", "Value": [f"{HOST}/dicom-web/studies/{given.study}"]},
            }
            for row in rows
            if uids is None or row[tag] in uids
        ]

    def _metadata(self, path: str) -> httpx.Response:
        parts = path.removesuffix("/metadata").split("/")
        place = "/".join(parts[:6])
        found = [
            given.instance(index)
            for given in self._courses
            for index, (modality, _, _) in enumerate(PARTS)
            if given.series(modality) == parts[5]
        ]
        return httpx.Response(
            200,
            json=[
                {"00080018": {"vr": "UI", "Value": [uid]}}
                | IN_METADATA
                | {
                    "7FE00010": {
                        "vr": "OW",
                        "BulkDataURI": f"{HOST}{place}/instances/{uid}/bulk/7fe00010",
                    }
                }
                for uid in found
                if len(parts) == 6 or uid == parts[7]
            ],
        )

    def _file(self, name: str) -> httpx.Response:
        for given in self._courses:
            for index, (modality, _, _) in enumerate(PARTS):
                uids = (
                    given.national_id,
                    given.study,
                    given.series(modality),
                    given.instance(index),
                )
                if orthanc_id(*uids) == name and given.instance(index) not in self.gone:
                    return httpx.Response(200, content=self.file(given, index))
        return httpx.Response(404)
