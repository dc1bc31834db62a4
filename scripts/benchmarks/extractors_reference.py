"""The other side of extractors.py: runs in a Python that has torch, and answers requests.

A request is a line of JSON on standard input, ``{"do": name, ...}``; the answer is one on standard
output. Arrays travel as .npy and .npz files. No code here is jaxgan's, and the other way round.
"""

import json
import platform
import sys
import time
from importlib.metadata import version

import numpy as np
import torch
from PIL import Image

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
PATCH, GRID, SIDE = 14, 37, 16

# A torchvision for CUDA cannot load its operators beside a torch for CPUs; declared, they are
# enough for it to be imported. Where they exist this fails, and need not work.
for operator in ("nms", "qnms"):
    try:
        torch.library.define(
            f"torchvision::{operator}", "(Tensor dets, Tensor scores, float threshold) -> Tensor"
        )
    except RuntimeError:
        break

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
networks = {}  # name -> uint8 images [n, h, w, 3] -> features [n, d]


def tensors_of(path):
    """The tensors of an .npz file."""
    with np.load(path) as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


def channels_first(images):
    """Images as torch wants them, still uint8."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).to(device)


def inception(weights, scratch):
    """torch-fidelity's extractor, which reads its weights from a file of torch's."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    path = f"{scratch}/inception.pth"
    torch.save(tensors_of(weights), path)
    network = FeatureExtractorInceptionV3(
        "inception-v3-compat", ["2048"], feature_extractor_weights_path=path
    ).to(device)
    return lambda images: network(channels_first(images))[0]


def efficientnet(weights, scratch):
    """The package that the weights were published for, at 64 pixels."""
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights)
    network = network.eval().to(device)
    mean, std = MEAN.to(device), STD.to(device)

    def features(images):
        x = torch.nn.functional.interpolate(
            channels_first(images).float(), (64, 64), mode="bicubic", antialias=True
        )
        x = network.extract_features((x.clamp(0, 255) / 255 - mean) / std)
        return x.mean((2, 3))

    return features


def dinov2(weights, scratch):
    """The transformers package's network with the published code's positions.

    torch-fidelity's own takes its network from the web alone, and resizes unlike Stein et al.
    """
    from transformers import Dinov2Config, Dinov2Model

    theirs = tensors_of(weights)
    width = theirs["cls_token"].shape[-1]
    depth = sum(name.endswith("norm1.weight") for name in theirs)
    grid = theirs["pos_embed"][:, 1:].reshape(1, GRID, GRID, width).permute(0, 3, 1, 2)
    # As a scale and with a tenth added: so the published code has it, and transformers has not.
    grid = torch.nn.functional.interpolate(
        grid, scale_factor=((SIDE + 0.1) / GRID,) * 2, mode="bicubic"
    )
    positions = grid.permute(0, 2, 3, 1).reshape(1, -1, width)
    named = {
        "embeddings.cls_token": theirs["cls_token"],
        "embeddings.mask_token": theirs["mask_token"],
        "embeddings.position_embeddings": torch.cat((theirs["pos_embed"][:, :1], positions), 1),
        "embeddings.patch_embeddings.projection.weight": theirs["patch_embed.proj.weight"],
        "embeddings.patch_embeddings.projection.bias": theirs["patch_embed.proj.bias"],
        "layernorm.weight": theirs["norm.weight"],
        "layernorm.bias": theirs["norm.bias"],
    }
    for number in range(depth):
        block, layer = f"blocks.{number}", f"encoder.layer.{number}"
        for leaf in ("weight", "bias"):
            parts = theirs[f"{block}.attn.qkv.{leaf}"].chunk(3)
            for name, part in zip(("query", "key", "value"), parts, strict=True):
                named[f"{layer}.attention.attention.{name}.{leaf}"] = part
            named[f"{layer}.attention.output.dense.{leaf}"] = theirs[f"{block}.attn.proj.{leaf}"]
            for name in ("norm1", "norm2", "mlp.fc1", "mlp.fc2"):
                named[f"{layer}.{name}.{leaf}"] = theirs[f"{block}.{name}.{leaf}"]
        for name in ("1", "2"):
            named[f"{layer}.layer_scale{name}.lambda1"] = theirs[f"{block}.ls{name}.gamma"]
    config = Dinov2Config(
        hidden_size=width,
        num_hidden_layers=depth,
        num_attention_heads=width // 64,
        image_size=PATCH * SIDE,
        patch_size=PATCH,
        layer_norm_eps=1e-6,
    )
    network = Dinov2Model(config)
    network.load_state_dict(named, strict=True)
    network = network.eval().to(device)
    mean, std = MEAN.to(device), STD.to(device)

    def features(images):
        size = (PATCH * SIDE, PATCH * SIDE)
        resized = [Image.fromarray(x).resize(size, Image.Resampling.BICUBIC) for x in images]
        x = channels_first(np.stack([np.asarray(x) for x in resized])).float()
        return network((x / 255 - mean) / std).pooler_output

    return features


def load(name, kind, weights, scratch):
    """Builds a network."""
    kinds = {"inception": inception, "efficientnet": efficientnet, "dinov2": dinov2}
    networks[name] = kinds[kind](weights, scratch)


def features(name, images, out, batch):
    """Writes the features of images, and says how long the whole took."""
    images = np.load(images)
    started = time.perf_counter()
    with torch.no_grad():
        parts = [
            networks[name](images[first : first + batch]).float().cpu()
            for first in range(0, len(images), batch)
        ]
    seconds = time.perf_counter() - started
    np.save(out, torch.cat(parts).numpy())
    return {"seconds": seconds}


def scores(real, fake, k):
    """torch-fidelity's and prdc's scores of features."""
    from prdc import compute_prdc
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric

    real, fake = np.load(real), np.load(fake)
    ours, theirs = torch.from_numpy(fake), torch.from_numpy(real)
    count = min(len(real), len(fake))
    fid = fid_statistics_to_metric(
        fid_features_to_statistics(ours), fid_features_to_statistics(theirs), False
    )
    kid = kid_features_to_metric(ours, theirs, kid_subsets=1, kid_subset_size=count, verbose=False)
    prc = prc_features_to_metric(ours, theirs, prc_neighborhood=k, verbose=False)
    all_four = compute_prdc(real, fake, k)
    return {
        "FD": fid["frechet_inception_distance"],
        "KID": kid["kernel_inception_distance_mean"],
        "precision": prc["precision"],
        "recall": prc["recall"],
        "density": float(all_four["density"]),
        "coverage": float(all_four["coverage"]),
    }


def about():
    """Versions, threads and device."""
    names = ("torch", "torch-fidelity", "transformers", "efficientnet-lite-pytorch", "prdc")
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in names},
        },
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
    }


def main():
    """Answers requests until standard input ends. What libraries print goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    actions = {"load": load, "features": features, "scores": scores, "about": about}
    for line in sys.stdin:
        request = json.loads(line)
        answer = actions[request.pop("do")](**request)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
