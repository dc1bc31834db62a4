"""Handing a generator on: its weights as safetensors, and a card that says what it is."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxgan.errors import UserError
from jaxgan.sampling.load import Step, latest_environment, load_state, precision_of
from jaxgan.sampling.sampler import Weights, sampler_of


def flatten(tree: Any) -> dict[str, np.ndarray]:
    """Leaves by their path, ``params/Dense_0/kernel``; what safetensors stores."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {
        "/".join(str(getattr(part, "key", part)) for part in path): np.asarray(leaf)
        for path, leaf in leaves
    }


def export(run: Path, out: Path, weights: Weights = "ema", step: Step = None) -> None:
    """Writes ``generator.safetensors``, ``config.json`` and a model card ``README.md``.

    All of it or, on an error, nothing.

    Args:
      run: the run folder.
      out: a folder that does not exist yet, or is empty.
      weights: ``ema`` for the averaged generator, ``raw`` for the one last trained.
      step: step of the checkpoint, or ``best``; None for the newest that is sound.

    Raises:
      UserError: the run cannot be read, or ``out`` holds something or cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    experiment, gan, state, data, description = load_state(run, step)
    sampler = sampler_of(gan, state, data, weights, precision_of(description))
    tensors = flatten({"params": sampler.params, **sampler.stats})
    facts = {
        "experiment": description["experiment"],
        "step": str(sampler.step),
        "weights": weights,
        "range": json.dumps(gan.range),
    }
    out, existed = Path(out).resolve(), Path(out).exists()
    # Inside a folder that exists, which may be a mount that nothing can be renamed to.
    part = (out if existed else out.parent) / f".{out.name}.part-{os.getpid()}"
    try:
        if existed and any(out.iterdir()):
            raise UserError(f"{out} is not empty; choose another --out.")
        part.mkdir(parents=True)
        save_file(tensors, part / "generator.safetensors", metadata=facts)
        (part / "config.json").write_text(json.dumps(description, indent=2) + "\n")
        (part / "experiment.py").write_text((Path(run) / "experiment.py").read_text())
        (part / "README.md").write_text(_card(experiment, sampler, tensors, description))
        if existed:
            for file in part.iterdir():
                file.rename(out / file.name)
        else:
            part.rename(out)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise UserError(f"Cannot write {out}: {reason}. Choose another --out.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _card(experiment, sampler, tensors: dict[str, np.ndarray], description: dict[str, Any]) -> str:
    """The model card, in Markdown."""
    import sys

    doc = (sys.modules[experiment.build.__module__].__doc__ or "").strip()
    count = sum(value.size for name, value in tensors.items() if name.startswith("params/"))
    low, high = sampler.gan.range
    settings = description["config"] | description["training"]
    environment = latest_environment(description)
    versions = environment["packages"]
    rows = "\n".join(f"| {name} | {value} |" for name, value in settings.items())
    return f"""# {description["experiment"]}

A generator trained with jaxgan on {description["data"]["name"]}.

- **Weights**: {sampler.weights} of step {sampler.step}; {count:,} parameters, float32, in
  `generator.safetensors` (`params/...` and batch statistics by their Flax path).
- **Samples**: shape {tuple(sampler.data.shape)}, values from {low} (black) to {high} (white).
- **Data**: {description["data"]["size"]:,} samples, split {description["training"]["split"]},
  sha256 `{description["data"]["fingerprint"]}`.
- **Trained with**: jax {versions["jax"]}, flax {versions["flax"]}, optax {versions["optax"]}
  on {environment["devices"]} x {environment["device_kind"]}, commit {environment["git_commit"]}.
- **Scores**: none measured for this export.

## Use

```python
from safetensors.flax import load_file
from flax.traverse_util import unflatten_dict

variables = unflatten_dict(load_file("generator.safetensors"), sep="/")
# Build the network as experiment.py does, then: generator.apply(variables, latents, train=False)
```

## Settings

| setting | value |
|---|---|
{rows}

## The experiment

```
{doc}
```

Like every generative model, this one repeats what its data show and omit; it has not been
checked for memorised training samples.
"""
