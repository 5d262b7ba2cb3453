# SPDX-License-Identifier: MIT
"""Sends models to PyTorch and back: exchange.py <wengert_tests>. Both ends must give the same outputs."""
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
from safetensors.torch import load_file, save_file

import nn_model

program = sys.argv[1]
kinds = {"f32": (torch.float32, 1e-6), "f64": (torch.float64, 1e-12)}


def run(tag, folder):
    subprocess.run([program, tag], check=True, env=os.environ | {"WENGERT_EXCHANGE": str(folder)})


with tempfile.TemporaryDirectory() as name, torch.no_grad():
    folder = pathlib.Path(name)
    run("[exchange-write]", folder)
    for kind, (dtype, tolerance) in kinds.items():
        model = nn_model.model(dtype).eval()
        model.load_state_dict(load_file(folder / f"ours_{kind}.safetensors"), strict=True)
        with numpy.load(folder / f"ours_{kind}.npz") as arrays:
            if sorted(arrays) != sorted(model.state_dict()) or not all(
                    numpy.array_equal(arrays[name], value.numpy()) for name, value in model.state_dict().items()):
                sys.exit("the npz file differs")
        io = load_file(folder / f"ours_io_{kind}.safetensors")
        difference = ((model(io["x"]) - io["y"]).abs() / io["y"].abs().clamp(min=1)).max().item()
        print(f"ours in PyTorch, {kind}: outputs differ by {difference:.2e}")
        if not difference < tolerance:
            sys.exit(f"more than {tolerance}")

    for kind, (dtype, _) in kinds.items():
        with torch.enable_grad():
            model = nn_model.trained(dtype, 2)
        x = torch.randn(32, 6, dtype=dtype)
        save_file(model.state_dict(), folder / f"theirs_{kind}.safetensors")
        numpy.savez(folder / f"theirs_{kind}.npz", **{name: value.numpy() for name, value in model.state_dict().items()})
        save_file({"x": x, "y": model(x)}, folder / f"theirs_io_{kind}.safetensors")
    run("[exchange-read]", folder)
