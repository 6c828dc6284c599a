"""DICOM JSON: numbers as numbers, our URLs, relative frame offsets."""

from harmonizer.domain.cohorts import Entry, Level, attributes, repair, uid_of

ROOT = "https://archive.example/x"


def test_text_numbers_become_numbers_at_any_depth() -> None:
    given = {
        "300A0070": {
            "vr": "SQ",
            "Value": [{"300A0078": {"vr": "IS", "Value": ["15"]}, "300A0072": {"vr": "LO"}}],
        },
        "3004000E": {"vr": "DS", "Value": ["1.5e-05", 2.0, "not a number", None]},
        "00100020": {"vr": "LO", "Value": ["0012"]},
    }
    found = repair(given, ROOT)
    assert found["300A0070"]["Value"][0]["300A0078"]["Value"] == [15]
    assert found["3004000E"]["Value"] == [1.5e-05, 2.0, "not a number", None]
    assert found["00100020"]["Value"] == ["0012"]
    assert given["3004000E"]["Value"][0] == "1.5e-05"  # the given data set is left alone


def test_frame_offsets_become_relative() -> None:
    absolute = {"3004000C": {"vr": "DS", "Value": ["-60.5", "-58", "-55.5"]}}
    assert repair(absolute, ROOT)["3004000C"]["Value"] == [0, 2.5, 5]
    relative = {"3004000C": {"vr": "DS", "Value": ["0", "-2.5"]}}
    assert repair(relative, ROOT)["3004000C"]["Value"] == [0, -2.5]


def test_bulk_data_is_fetched_from_us_or_nowhere() -> None:
    inner = "http://10.0.0.1:8042/dicom-web/studies/1.2/bulk/7fe00010"
    given = {
        "7FE00010": {"vr": "OW", "BulkDataURI": inner},
        "00420011": {"vr": "OB", "BulkDataURI": "file:///etc/passwd"},
    }
    found = repair(given, ROOT)
    assert found["7FE00010"]["BulkDataURI"] == f"{ROOT}/dicom-web/studies/1.2/bulk/7fe00010"
    assert found["00420011"]["BulkDataURI"] == ""


def test_our_tables_go_before_the_store() -> None:
    stored = {
        "00100020": {"vr": "LO", "Value": ["WRONG"]},
        "00080061": {"vr": "CS", "Value": ["CT", "SR"]},
        "00081190": {"vr": "UR", "Value": ["http://inside/dicom-web/studies/1.2"]},
        "00081030": {"vr": "LO", "Value": ["kept"]},
    }
    entry = Entry("1.2", "N-1", "KUH", modalities=("CT",), series_count=1, instance_count=9)
    found = attributes(entry, Level.STUDY, stored, ROOT)
    assert found["00100020"]["Value"] == ["N-1"]
    assert found["00080061"]["Value"] == ["CT"]
    assert found["00201208"]["Value"] == [9]
    assert found["00081190"]["Value"] == [f"{ROOT}/dicom-web/studies/1.2"]
    assert found["00081030"]["Value"] == ["kept"]
    assert list(found) == sorted(found)
    assert uid_of(found, Level.STUDY) == "1.2"


def test_urls_of_series_and_instances() -> None:
    series = Entry("1", "N", "KUH", "2", modalities=("CT",), instance_count=3)
    found = attributes(series, Level.SERIES, {}, ROOT)
    assert found["00081190"]["Value"] == [f"{ROOT}/dicom-web/studies/1/series/2"]
    assert found["00201209"]["Value"] == [3]
    instance = Entry("1", "N", "KUH", "2", "3", "1.2.840", ("CT",))
    found = attributes(instance, Level.INSTANCE, {}, ROOT)
    assert found["00081190"]["Value"] == [f"{ROOT}/dicom-web/studies/1/series/2/instances/3"]
    assert uid_of(found, Level.INSTANCE) == "3"
    assert uid_of({}, Level.INSTANCE) == ""
