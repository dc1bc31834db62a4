"""Settings of JAX that must be made before it starts its devices."""

import jax

from jaxgan.errors import UserError
from jaxgan.runs.settings import Processes, Runtime, Training
from jaxgan.xla import add_flags, tune_cpu

DETERMINISTIC = ("--xla_gpu_deterministic_ops=true", "--xla_gpu_autotune_level=0")


def prepare_jax(training: Training, runtime: Runtime) -> None:
    """Makes the settings of JAX that must be made before it starts its devices.

    Raises:
      UserError: this process cannot join the others of its job.
    """
    tune_cpu()
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
