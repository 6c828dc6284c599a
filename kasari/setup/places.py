"""Where things are in a checkout. Everything that is made goes under `.kasari`."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
OWN_FOLDER: Final = ROOT / ".kasari"
