"""How much memory a process has had at most."""

from pathlib import Path


def peak_memory_mb(pid: int) -> float:
    """Return the peak resident memory in MiB (VmHWM of proc(5)), 0 if the process is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0.0
    for line in text.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
