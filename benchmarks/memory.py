"""Memory of processes, as the kernel counts it."""

from pathlib import Path


def proportional_mib(pid: int | str) -> float:
    """PSS in MiB: pages that processes share count in parts."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError("no Pss in smaps_rollup")
