"""A course in a folder: read, named, analysed, reported."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from harmonizer.adapters.dicomrt import (
    CourseReader,
    heading_of,
    read_picture,
)
from harmonizer.adapters.dicomrt.encapsulated import encapsulated_pdf
from harmonizer.adapters.printing import print_pdf
from harmonizer.data.quality import load_knowledge
from harmonizer.data.tg263 import load_nomenclature
from harmonizer.domain.nomenclature import NO_RULES, Context, Mapper, map_structure_set
from harmonizer.domain.quality import Analysis, CourseFacts, analyse, described
from harmonizer.domain.reports import Picture, ReportHead, chosen_images, report_html
from harmonizer.domain.studies import site_of_course
from harmonizer.errors import DataError
from kasari.errors import InputError
from kasari.files import LARGEST_FILE

BARE_BEGINNINGS = {
    bytes((group, 0, element, 0)) for group in (2, 8) for element in (0, 1, 5, 8, 0x12, 0x16)
}
"""First tags, little endian, of data sets without preamble."""

RADIOTHERAPY = frozenset({"RTSTRUCT", "RTPLAN", "RTDOSE"})


def file_bytes(path: Path) -> bytes:
    """Return a file's bytes. What is said of it names no file: a finding is passed on.

    Raises
    ------
    DataError
        `FILE-TOO-LARGE` beyond 2 GB.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise DataError("FILE-TOO-LARGE", "a file of more than 2 GB is not read; export a crop")
    return path.read_bytes()


def dicom_files(folder: Path) -> list[Path]:
    """Return the files of a folder, at any depth, that begin like DICOM."""
    return [path for path in sorted(folder.rglob("*")) if _may_be_dicom(path)]


def _may_be_dicom(path: Path) -> bool:
    """Whether a file has the DICOM mark, or begins with a data set without one (old exports)."""
    if not path.is_file() or path.name.startswith(".") or path.name == "DICOMDIR":
        return False
    with path.open("rb") as file:
        head = file.read(132)
    return head[128:] == b"DICM" or head[:4] in BARE_BEGINNINGS


class CourseFolder:
    """The DICOM files of one course, and where each image is."""

    def __init__(self, folder: Path) -> None:
        """Read all objects; of images only where they lie.

        Raises
        ------
        InputError
            If there is no DICOM file.
        """
        reader = CourseReader()
        self._places: list[Path] = []
        for path in dicom_files(folder):
            try:
                reader.add(file_bytes(path))
            except DataError as error:
                reader.add_unreadable(str(error))
            self._places.append(path)
        if not self._places:
            raise InputError(f"no DICOM file in {folder}; name the folder of one course")
        self.facts: CourseFacts = reader.facts()

    def unreadable_files(self) -> dict[str, Path]:
        """Return the files of objects that could not be read, as the findings count them.

        For who ran the command: a report is passed on, and a file's name may name a patient.
        """
        numbered = {f"object {n}": path for n, path in enumerate(self._places, start=1)}
        return {where: numbered[where] for where, _ in self.facts.unreadable}

    def analysis(self, site: str | None, laterality: str | None) -> Analysis:
        """Map the names, compute everything, run the rules: as the archive does.

        Without a site the names tell it, if they do.
        """
        context = Context(site=site, laterality=laterality)
        knowledge = load_knowledge()
        names = map_structure_set(_mapper(), self.facts.rois, context, knowledge.volumes)
        treated = site_of_course(site, names.applied.values())
        guesses = {m.number: m.tg263_name for m in names.mappings if m.tg263_name}
        facts = described(self.facts, knowledge, names.applied, treated, laterality, guesses)
        return analyse(facts)

    def radiotherapy_objects(self) -> list[bytes]:
        """Return structure sets, plans and doses as stored."""
        found = []
        for path in self._places:
            try:
                data = file_bytes(path)
                if heading_of(data)[0] in RADIOTHERAPY:
                    found.append(data)
            except DataError:
                continue
        return found

    def pictures(self, analysis: Analysis) -> list[Picture]:
        """Return the images that a report shows, with their pixels; those that can be decoded."""
        wanted = {image.sop_instance_uid: i for i, image in enumerate(chosen_images(analysis))}
        found: dict[int, Picture] = {}
        for path in self._places:
            if len(found) == len(wanted):
                break
            picture = _picture(path, wanted)
            if picture is not None:
                found[wanted[picture.image.sop_instance_uid]] = picture
        return [found[i] for i in sorted(found)]


@cache
def _mapper() -> Mapper:
    return Mapper(load_nomenclature(), NO_RULES)


def report_dicom(course: CourseFolder, analysis: Analysis) -> bytes:
    """Return the results of a course in a folder as a DICOM structured report."""
    # here, because what it loads takes as long as a whole set of histograms
    from harmonizer.adapters.dicomrt.measurement_report import measurement_report

    return measurement_report(analysis, course.radiotherapy_objects())


def report_dicom_pdf(course: CourseFolder, analysis: Analysis, head: ReportHead) -> bytes:
    """Return the printed report of a course in a folder as a DICOM object."""
    pdf = print_pdf(report_page(course, analysis, head))
    title = f"Dose and quality: {head.title}"
    return encapsulated_pdf(pdf, title, analysis, course.radiotherapy_objects())


def _picture(path: Path, wanted: Mapping[str, int]) -> Picture | None:
    """Return the image in a file if it is wanted and can be decoded."""
    try:
        data = file_bytes(path)
        return read_picture(data) if heading_of(data)[1] in wanted else None
    except DataError:
        return None


def report_page(course: CourseFolder, analysis: Analysis, head: ReportHead) -> str:
    """Return the HTML report of a course in a folder."""
    return report_html(analysis, course.pictures(analysis), head)
