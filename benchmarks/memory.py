"""Memory of processes, as the kernel counts it."""

from pathlib import Path


def proportional_mib(pid: int | str) -> float:
    """PSS in MiB: pages that processes share count in parts."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError("no Pss in smaps_rollup")


def forget_peak() -> None:
    """``peak_mib`` starts anew from what this process has now."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mib() -> float:
    """The most memory that this process had at once, in MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise ValueError("no VmHWM in status")
