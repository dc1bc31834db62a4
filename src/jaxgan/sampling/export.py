"""Export of a generator: its weights as safetensors, with a model card."""

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxgan.errors import UserError
from jaxgan.files import replacing_folder, write_json, writing
from jaxgan.sampling.load import Step, TrainedRun, latest_environment, load_state
from jaxgan.sampling.sampler import Sampler, Weights


def flatten(tree: Any) -> dict[str, np.ndarray]:
    """The leaves of a tree by path, as in ``params/Dense_0/kernel``, for safetensors."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {
        "/".join(str(getattr(part, "key", part)) for part in path): np.asarray(leaf)
        for path, leaf in leaves
    }


def export(run: Path, out: Path, weights: Weights = "ema", step: Step = None) -> None:
    """Writes ``generator.safetensors``, ``config.json`` and a model card ``README.md``.

    The folder is written whole or not at all.

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

    trained = load_state(run, step)
    sampler = trained.sampler(weights)
    tensors = flatten({"params": sampler.params, **sampler.stats})
    facts = {
        "experiment": trained.description["experiment"],
        "step": str(sampler.step),
        "weights": weights,
        "range": json.dumps(trained.gan.range),
    }
    out = Path(out).resolve()
    with writing(out, "Choose another --out."):
        if out.is_dir() and any(out.iterdir()):
            raise UserError(f"{out} is not empty; choose another --out.")
        with replacing_folder(out) as part:
            try:
                save_file(tensors, part / "generator.safetensors", metadata=facts)
            except SafetensorError as error:  # its word for an error of the file system
                raise OSError(str(error).partition("\n")[0]) from error
            write_json(part / "config.json", trained.description)
            (part / "experiment.py").write_text((Path(run) / "experiment.py").read_text())
            (part / "README.md").write_text(model_card(trained, sampler, tensors))


def model_card(trained: TrainedRun, sampler: Sampler, tensors: dict[str, np.ndarray]) -> str:
    """The model card, in Markdown.

    Args:
      trained: the run.
      sampler: its generator.
      tensors: the generator's leaves by their path.
    """
    description, doc = trained.description, trained.experiment.doc.strip()
    count = sum(value.size for name, value in tensors.items() if name.startswith("params/"))
    low, high = sampler.gan.range
    values = f"values from {low} to {high}"
    if (vocabulary := sampler.task.modality.vocabulary) is not None:
        values = f"numbers of {vocabulary}, which config.json has under data; latents are keys"
    called_with = "images" if sampler.gan.forward.row_keys else "latents"
    settings = description["config"] | description["training"]
    environment = latest_environment(description)
    versions = environment["packages"]
    rows = "\n".join(f"| {name} | {value} |" for name, value in settings.items())
    return f"""# {description["experiment"]}

A generator trained with jaxgan on {description["data"]["name"]}.

- **Weights**: {sampler.weights} of step {sampler.step}; {count:,} parameters, float32, in
  `generator.safetensors` (`params/...` and batch statistics by their Flax path).
- **Samples**: shape {tuple(sampler.task.shape)}, {values}.
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
# Build the network as experiment.py does, then:
# generator.apply(variables, {called_with}, train=False)
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
checked for memorized training samples.
"""
