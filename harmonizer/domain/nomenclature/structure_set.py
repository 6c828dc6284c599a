"""The names of a structure set as read from DICOM: what the pipeline calls."""

from collections.abc import Sequence

from harmonizer.domain.dose.structures import Roi
from harmonizer.domain.nomenclature.course import Mapper, SetMapping
from harmonizer.domain.nomenclature.matcher import NO_CONTEXT
from harmonizer.domain.nomenclature.model import Context, RoiName


def map_structure_set(
    mapper: Mapper, rois: Sequence[Roi], context: Context = NO_CONTEXT
) -> SetMapping:
    """Map the names of all regions of one structure set, in their order."""
    names = [RoiName(roi.number, roi.name, roi.interpreted_type) for roi in rois]
    return mapper.map_set(names, context)
