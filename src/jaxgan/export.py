"""Handing a generator on: its weights as safetensors, and a card that says what it is."""

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxgan.errors import UserError
from jaxgan.sampling import Weights, load_state, sampler_of


def flatten(tree: Any) -> dict[str, np.ndarray]:
    """Leaves by their path, ``params/Dense_0/kernel``; what safetensors stores."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {
        "/".join(str(getattr(part, "key", part)) for part in path): np.asarray(leaf)
        for path, leaf in leaves
    }


def export(run: Path, out: Path, weights: Weights = "ema", step: int | None = None) -> None:
    """Writes ``generator.safetensors``, ``config.json`` and a model card ``README.md``.

    Args:
      run: the run folder.
      out: a folder that does not exist yet, or is empty.
      weights: ``ema`` for the averaged generator, ``raw`` for the one last trained.
      step: step of the checkpoint; None for the newest that is sound.

    Raises:
      UserError: the run cannot be read, or ``out`` holds something.
    """
    from safetensors.numpy import save_file

    experiment, gan, state, data, description = load_state(run, step)
    sampler = sampler_of(gan, state, data, weights)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise UserError(f"{out} is not empty; choose another --out.")
        tensors = flatten({"params": sampler.params, **sampler.stats})
        facts = {
            "experiment": description["experiment"],
            "step": str(sampler.step),
            "weights": weights,
            "range": json.dumps(gan.range),
        }
        save_file(tensors, out / "generator.safetensors", metadata=facts)
        (out / "config.json").write_text(json.dumps(description, indent=2) + "\n")
        (out / "experiment.py").write_text((Path(run) / "experiment.py").read_text())
        (out / "README.md").write_text(_card(experiment, sampler, tensors, description))
    except OSError as error:
        raise UserError(f"Cannot write {out}: {error.strerror}. Choose another --out.") from error


def _card(experiment, sampler, tensors: dict[str, np.ndarray], description: dict[str, Any]) -> str:
    """The model card, in Markdown."""
    import sys

    doc = (sys.modules[experiment.build.__module__].__doc__ or "").strip()
    count = sum(value.size for name, value in tensors.items() if name.startswith("params/"))
    low, high = sampler.gan.range
    settings = description["config"] | description["identity"]
    environment = description["environment"]
    versions = environment["packages"]
    rows = "\n".join(f"| {name} | {value} |" for name, value in settings.items())
    return f"""# {description["experiment"]}

A generator trained with jaxgan on {description["data"]["name"]}.

- **Weights**: {sampler.weights} of step {sampler.step}; {count:,} parameters, float32, in
  `generator.safetensors` (`params/...` and batch statistics by their Flax path).
- **Samples**: shape {tuple(sampler.data.shape)}, values from {low} (black) to {high} (white).
- **Data**: {description["data"]["size"]:,} samples, split {description["identity"]["split"]},
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
