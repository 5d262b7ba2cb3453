# SPDX-License-Identifier: MIT
"""Reads what write_run.cpp wrote with TensorBoard's own reader and compares. Usage: read_run.py FOLDER"""
import io
import math
import sys

import numpy as np
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_accumulator import (
    EventAccumulator as PluginAccumulator,
)
from tensorboard.util import tensor_util

folder = sys.argv[1]
everything = dict.fromkeys(["scalars", "histograms", "images", "tensors"], 0)
run = EventAccumulator(folder, size_guidance=everything)
run.Reload()
tags = run.Tags()
assert sorted(tags["scalars"]) == ["broken/non_finite", "diverged", "loss/train", "rate η"], tags
assert sorted(tags["histograms"]) == ["broken", "constant", "weights"], tags
assert sorted(tags["images"]) == ["colours", "digit"], tags

loss = run.Scalars("loss/train")
assert [event.step for event in loss] == list(range(110)), "steps, after a restart at 90"
for event in loss:
    expected = np.float32(1.0 / (1 + event.step)) if event.step < 90 else -1.0
    assert event.value == expected, event
assert all(later.wall_time >= earlier.wall_time > 1.7e9 for earlier, later in zip(loss, loss[1:]))
(rate,) = run.Scalars("rate η")
assert rate.step == 5000000000 and rate.value == np.float32(1e-3), rate
nan, infinity = (event.value for event in run.Scalars("diverged"))
assert math.isnan(nan) and infinity == math.inf

(weights,) = run.Histograms("weights")
x = np.linspace(-1.0, 2.0, 3001).astype(np.float32).astype(np.float64)
value = weights.histogram_value
assert weights.step == 7 and (value.min, value.max, value.num) == (-1.0, 2.0, 3001)
assert math.isclose(value.sum, x.sum()) and math.isclose(value.sum_squares, (x**2).sum())
counts, edges = np.histogram(x, bins=30, range=(-1.0, 2.0))
assert np.allclose(value.bucket_limit, edges[1:]) and sum(value.bucket) == 3001
# An element on an edge may be counted on either side of it, by rounding.
assert np.abs(np.array(value.bucket) - counts).max() <= 1
(constant,) = run.Histograms("constant")
assert list(constant.histogram_value.bucket) == [4.0]
assert list(constant.histogram_value.bucket_limit) == [3.0]
(broken,) = run.Histograms("broken")
assert broken.histogram_value.num == 2 and sum(broken.histogram_value.bucket) == 2
(lost,) = run.Scalars("broken/non_finite")
assert lost.value == 2.0

(digit,) = run.Images("digit")
assert (digit.step, digit.height, digit.width) == (3, 2, 3)
pixels = np.array(Image.open(io.BytesIO(digit.encoded_image_string)))
assert pixels.tolist() == [[0, 128, 255], [255, 0, 51]], pixels
(colours,) = run.Images("colours")
pixels = np.array(Image.open(io.BytesIO(colours.encoded_image_string)))
assert pixels.tolist() == [[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], pixels

# What the page itself is served from: every value as a tensor, after TensorBoard's own conversion.
page = PluginAccumulator(folder, size_guidance={"tensors": 0})
page.Reload()
served = [tensor_util.make_ndarray(event.tensor_proto).item() for event in page.Tensors("loss/train")]
assert len(served) == 110 and served[1] == 0.5, served
for tag, plugin in [("loss/train", "scalars"), ("weights", "histograms"), ("digit", "images")]:
    assert tag in page.PluginTagToContent(plugin), (tag, plugin)
triples = tensor_util.make_ndarray(page.Tensors("weights")[0].tensor_proto)
assert triples.shape == (30, 3) and triples[0, 0] == -1.0 and triples[-1, 1] == 2.0, triples
print("TensorBoard reads", sum(len(names) for names in tags.values() if isinstance(names, list)), "tags")
