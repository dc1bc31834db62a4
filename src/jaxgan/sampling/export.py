"""Export of a generator: its weights as safetensors, with a model card, and as a program.

The folder is laid out as model hubs have it: the card is ``README.md``, and begins with what a hub
reads of it.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.export
import numpy as np

from jaxgan.errors import UserError
from jaxgan.files import replacing_folder, write_json, writing
from jaxgan.sampling.load import Step, TrainedRun, latest_environment, load_state
from jaxgan.sampling.sampler import Sampler, Static, Weights, generate

PLATFORMS = ("cpu", "cuda", "tpu")
"""What an exported program is lowered for."""

PROGRAM = "generator.stablehlo"
"""The file of an exported program."""

USE_OF_PROGRAM = """
Or call the program, which needs jax and flatbuffers alone:

```python
from pathlib import Path

import jax
import jax.export  # generator.stablehlo has the network and its weights

generator = jax.export.deserialize(bytearray(Path("generator.stablehlo").read_bytes()))
print(generator.in_avals)  # latents [b, d], then the labels where there are any
# samples = generator.call(latents, {})    or {"label": labels}
```
"""
"""What a card says of an exported program."""


def unscored(sampler: Sampler) -> str:
    """What a card says of scores where nobody looks them up."""
    del sampler
    return "none measured for this export."


def flatten(tree: Any) -> dict[str, np.ndarray]:
    """The leaves of a tree by path, as in ``params/Dense_0/kernel``, for safetensors."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {
        "/".join(str(getattr(part, "key", part)) for part in path): np.asarray(leaf)
        for path, leaf in leaves
    }


def program_of(sampler: Sampler) -> bytes:
    """The generator with its weights as StableHLO, which JAX alone calls: no network, no jaxgan.

    ``jax.export.deserialize(program).call(latents, condition)`` gives samples in ``gan.range``,
    float32 ``[b, ...]``, of latents ``[b, d]``; the condition is ``{"label": int32 [b]}`` for a
    generator that looks at labels, and ``{}`` for others. Any ``b`` from 1 on will do.

    Raises:
      UserError: its samples are made from rows of data or from keys, or flatbuffers is missing.
    """
    if sampler.gan.forward.row_keys or sampler.gan.forward.keys:
        raise UserError("--stablehlo is for generators that are given latents and labels; omit it.")
    static, how = Static(sampler.gan), sampler.arithmetic
    variables = jax.tree.map(np.asarray, (sampler.params, sampler.stats))

    def samples(latents: jax.Array, condition: dict[str, jax.Array]) -> jax.Array:
        return generate(static, how, *variables, latents, condition)

    (count,) = jax.export.symbolic_shape("b", constraints=["b >= 1"])
    rows = sampler.draw(0, 0), sampler.condition(1)
    shapes = jax.tree.map(
        lambda row: jax.ShapeDtypeStruct((count, *row.shape[1:]), row.dtype), rows
    )
    return bytes(jax.export.export(jax.jit(samples), platforms=PLATFORMS)(*shapes).serialize())


def export(
    run: Path,
    out: Path,
    weights: Weights = "ema",
    step: Step = None,
    stablehlo: bool = False,
    scores_of: Callable[[Sampler], str] = unscored,
) -> None:
    """Writes ``generator.safetensors``, ``config.json`` and a model card ``README.md``.

    The folder is written whole or not at all.

    Args:
      run: the run folder.
      out: a folder that does not exist yet, or is empty.
      weights: ``ema`` for the averaged generator, ``raw`` for the one last trained.
      step: step of the checkpoint, or ``best``; None for the newest that is sound.
      stablehlo: whether to write the generator as a program as well, ``generator.stablehlo``.
      scores_of: what the card says of the scores of a generator, in Markdown.

    Raises:
      UserError: the run cannot be read, ``out`` holds something or cannot be written, or the
        generator cannot become such a program.
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
    program = program_of(sampler) if stablehlo else None
    card = model_card(trained, sampler, tensors, scores_of(sampler), stablehlo)
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
            if program is not None:
                (part / PROGRAM).write_bytes(program)
            (part / "README.md").write_text(card)


def model_card(
    trained: TrainedRun,
    sampler: Sampler,
    tensors: dict[str, np.ndarray],
    scores: str,
    stablehlo: bool,
) -> str:
    """The model card, in Markdown.

    Args:
      trained: the run.
      sampler: its generator.
      tensors: the generator's leaves by their path.
      scores: what it says of scores.
      stablehlo: whether the program is there.
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
    program = USE_OF_PROGRAM if stablehlo else ""
    return f"""---
library_name: jaxgan
tags: [gan, jax, flax]
---

# {description["experiment"]}

A generator trained with jaxgan on {description["data"]["name"]}.

- **Weights**: {sampler.weights} of step {sampler.step}; {count:,} parameters, float32, in
  `generator.safetensors` (`params/...` and batch statistics by their Flax path).
- **Samples**: shape {tuple(sampler.task.shape)}, {values}.
- **Data**: {description["data"]["size"]:,} samples, split {description["training"]["split"]},
  sha256 `{description["data"]["fingerprint"]}`.
- **Trained with**: jax {versions["jax"]}, flax {versions["flax"]}, optax {versions["optax"]}
  on {environment["devices"]} x {environment["device_kind"]}, commit {environment["git_commit"]}.
- **Scores**: {scores}

## Use

```python
from safetensors.flax import load_file
from flax.traverse_util import unflatten_dict

variables = unflatten_dict(load_file("generator.safetensors"), sep="/")
# Build the network as experiment.py does, then:
# generator.apply(variables, {called_with}, train=False)
```
{program}
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
