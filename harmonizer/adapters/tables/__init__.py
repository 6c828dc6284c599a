"""Tables of the harmonizer's database; importing this knows them all."""

from harmonizer.adapters.tables import clinical, nomenclature, recruitment, studies, work
from harmonizer.adapters.tables.base import HarmonizerTable

__all__ = ["HarmonizerTable", "clinical", "nomenclature", "recruitment", "studies", "work"]
