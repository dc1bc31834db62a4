"""What a run ran on, in a few words for a table."""

from collections.abc import Mapping
from typing import Any


def hardware_of(environment: Mapping[str, Any]) -> str:
    """``2 cores of an AMD EPYC``, or ``2 NVIDIA H200``, as the run's environment recorded it."""
    if environment["device_kind"] != "cpu":
        return f"{environment['devices']} {environment['device_kind']}"
    cores, processor = environment["cores"], environment.get("processor") or "unknown processor"
    return f"{cores} core{'s' * (cores > 1)} of {processor}"
