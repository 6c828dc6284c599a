"""The names of a structure set as read from DICOM: what the pipeline calls."""

from collections.abc import Mapping, Sequence

from harmonizer.domain.dose.structures import Roi
from harmonizer.domain.nomenclature.course import Mapper, SetMapping
from harmonizer.domain.nomenclature.matcher import NO_CONTEXT
from harmonizer.domain.nomenclature.model import Context, RoiName
from harmonizer.domain.nomenclature.witness import VolumeLimits, confirm

NO_VOLUMES: Mapping[str, VolumeLimits] = {}


def map_structure_set(
    mapper: Mapper,
    rois: Sequence[Roi],
    context: Context = NO_CONTEXT,
    volumes: Mapping[str, VolumeLimits] = NO_VOLUMES,
) -> SetMapping:
    """Map the names of all regions of one structure set, in their order.

    The names are read first, then held against the contours. `volumes` are limits by standard
    name, in cm3; a structure that has none is not judged by its volume.
    """
    names = [RoiName(roi.number, roi.name, roi.interpreted_type) for roi in rois]
    return confirm(mapper.map_set(names, context), rois, mapper.structure_of, volumes)
