"""How long to wait before the next attempt."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """Exponential back-off with full jitter below a ceiling."""

    first_s: float = 2.0
    ceiling_s: float = 600.0

    def wait_s(self, attempts: int, chance: float) -> float:
        """Return seconds to wait after `attempts` failures (>= 1).

        `chance` in [0, 1) spreads centres that failed together over the upper half of the span.
        """
        span = min(self.ceiling_s, self.first_s * float(2 ** min(attempts - 1, 30)))
        return span * (0.5 + 0.5 * chance)
