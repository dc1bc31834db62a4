"""Settings of JAX that must be made before it starts its devices; the processes of a job."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from jaxgan.compiled import keep_programs
from jaxgan.errors import UserError
from jaxgan.processes import gathered
from jaxgan.runs.environment import describe_environment, environment_changes
from jaxgan.runs.settings import Processes, Runtime, Training, flags_of
from jaxgan.types import Device
from jaxgan.xla import add_flags, tune_cpu

DETERMINISTIC = ("--xla_gpu_deterministic_ops=true", "--xla_gpu_autotune_level=0")


def prepare_jax(training: Training, runtime: Runtime) -> None:
    """Makes the settings of JAX that must be made before it starts its devices.

    Raises:
      UserError: this process cannot join the others of its job.
    """
    tune_cpu()
    if runtime.compute.recompile:
        jax.config.update("jax_enable_compilation_cache", False)
    keep_programs()
    if runtime.compute.deterministic:
        add_flags(*DETERMINISTIC)
    jax.config.update("jax_default_matmul_precision", training.matmul_precision)
    jax.config.update("jax_debug_nans", runtime.compute.debug_nans)
    join(runtime.processes)


def join(processes: Processes) -> None:
    """Joins the other processes of the job, if there are any.

    Raises:
      UserError: a flag is missing, or they cannot be reached.
    """
    alone = processes.num_processes is None and processes.process_id is None
    if processes.coordinator is None and not processes.distributed and not alone:
        raise UserError("--num-processes and --process-id need --coordinator host:port.")
    if processes.distributed or processes.coordinator:
        try:
            jax.distributed.initialize(
                processes.coordinator, processes.num_processes, processes.process_id
            )
        except (ValueError, RuntimeError) as error:
            raise UserError(
                f"Cannot join the job: {str(error).splitlines()[0]}. Give --coordinator host:port "
                "--num-processes N --process-id I where the cluster does not tell."
            ) from error


OWN = ("workdir", "data_dir", "extractor_weights", "coordinator", "process_id")
"""Flags that may differ between the processes of a job: where things are on each host."""

SAME = ("python", "packages", "device_kind", "code")
"""What must be the same of the environments of all processes."""


def check_agreement(
    wanted: Mapping[str, Any], file: Path, runtime: Runtime, devices: Sequence[Device]
) -> None:
    """Checks that all processes of the job are about to train the same run.

    Args:
      wanted: what identifies the run on this process: config, settings, and data by their sha256.
      file: the experiment file.
      runtime: the other settings.
      devices: all devices of the job.

    Raises:
      UserError: they differ; the message is the same on every process.
    """
    if jax.process_count() == 1:
        return
    environment = describe_environment(list(devices))
    flags = {name: str(value) for name, value in flags_of(runtime).items() if name not in OWN}
    own = {
        **wanted,
        "flags": flags,
        "experiment file": hashlib.sha256(file.read_bytes()).hexdigest(),
        "environment": {name: environment[name] for name in SAME},
        "devices of a process": jax.local_device_count(),
    }
    first, *others = map(json.loads, gathered(json.dumps(own)))
    for number, one in enumerate(others, 1):
        if found := environment_changes(first, one):
            raise UserError(
                f"Process {number} of this job differs from process 0 ({'; '.join(found[:4])}). "
                "Give every host the same code, data and flags."
            )
