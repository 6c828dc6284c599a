"""What the stack needs beyond Python packages: an Orthanc, and what its interpreter loads."""

from kasari.setup.orthanc import OrthancProgram, ensure_orthanc, find_orthanc
from kasari.setup.places import OWN_FOLDER, ROOT
from kasari.setup.site_packages import ensure_site_packages

__all__ = [
    "OWN_FOLDER",
    "ROOT",
    "OrthancProgram",
    "ensure_orthanc",
    "ensure_site_packages",
    "find_orthanc",
]
