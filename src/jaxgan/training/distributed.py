"""Settings of JAX that must stand before it starts its devices."""

import os

import jax

from jaxgan.errors import UserError
from jaxgan.runs.settings import Runtime, Training


def prepare_jax(training: Training, runtime: Runtime) -> None:
    """Settings of JAX that must stand before it starts its devices."""
    if runtime.deterministic:
        flags = os.environ.get("XLA_FLAGS", "")
        wanted = "--xla_gpu_deterministic_ops=true --xla_gpu_autotune_level=0"
        if wanted not in flags:
            os.environ["XLA_FLAGS"] = f"{flags} {wanted}".strip()
    jax.config.update("jax_default_matmul_precision", training.matmul_precision)
    jax.config.update("jax_debug_nans", runtime.debug_nans)
    alone = runtime.num_processes is None and runtime.process_id is None
    if runtime.coordinator is None and not runtime.distributed and not alone:
        raise UserError("--num-processes and --process-id need --coordinator host:port.")
    if runtime.distributed or runtime.coordinator:
        try:
            jax.distributed.initialize(
                runtime.coordinator, runtime.num_processes, runtime.process_id
            )
        except (ValueError, RuntimeError) as error:
            raise UserError(
                f"Cannot join the job: {str(error).splitlines()[0]}. Give --coordinator host:port "
                "--num-processes N --process-id I where the cluster does not tell."
            ) from error
