# SPDX-License-Identifier: MIT
"""Makes fashion_mnist_sample/ from the four files of Fashion-MNIST: of each class the first images.

usage: make_fashion_mnist_sample.py FOLDER   (/usr/share/datasets/fashion-mnist on Debian)

The images keep their order. gzip's time stamp is left out, so that a second run gives the same bytes.
"""
import gzip
import pathlib
import struct
import sys

CLASSES = 10
PIXELS = 28 * 28
OF_EACH_CLASS = {"train": 200, "t10k": 50}


def main():
    source = pathlib.Path(sys.argv[1])
    target = pathlib.Path(__file__).parent / "fashion_mnist_sample"
    target.mkdir(exist_ok=True)
    for part, most in OF_EACH_CLASS.items():
        images = gzip.decompress((source / f"{part}-images-idx3-ubyte.gz").read_bytes())[16:]
        labels = gzip.decompress((source / f"{part}-labels-idx1-ubyte.gz").read_bytes())[8:]
        taken = [0] * CLASSES
        chosen = []
        for index, label in enumerate(labels):
            if taken[label] < most:
                taken[label] += 1
                chosen.append(index)
        count = len(chosen)
        write(target / f"{part}-images-idx3-ubyte.gz",
              struct.pack(">IIII", 0x803, count, 28, 28)
              + b"".join(images[i * PIXELS:(i + 1) * PIXELS] for i in chosen))
        write(target / f"{part}-labels-idx1-ubyte.gz",
              struct.pack(">II", 0x801, count) + bytes(labels[i] for i in chosen))


def write(path, content):
    path.write_bytes(gzip.compress(content, 9, mtime=0))


main()
