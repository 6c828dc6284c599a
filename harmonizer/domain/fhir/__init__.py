"""A course and its outcomes as FHIR R4 resources, on the pattern of CodeX Radiation Therapy 2.0.

The guide's profiles descend from US Core, which cannot be claimed outside the United States: the
same codes, extensions and rules are used on base resources.
"""

from harmonizer.domain.fhir.bundle import CourseStory, StoredSeries, bundle

__all__ = ["CourseStory", "StoredSeries", "bundle"]
