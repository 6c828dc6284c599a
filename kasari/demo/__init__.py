"""The main job on real input, from a hospital's export to a researcher's query."""

from kasari.demo.outcome import Outcome
from kasari.demo.running import Demo, Wish

__all__ = ["Demo", "Outcome", "Wish"]
