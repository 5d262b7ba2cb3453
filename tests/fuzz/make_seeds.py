# SPDX-License-Identifier: MIT
"""Makes seeds/: small files of each format from which the fuzzers start. Needs NumPy, nothing else.

Files are named by what they hold; a second run gives the same bytes.
"""
import gzip
import io
import json
import pathlib
import struct
import zipfile
import zlib

import numpy

folder = pathlib.Path(__file__).parent / "seeds"


def seed(kind, name, content):
    (folder / kind).mkdir(parents=True, exist_ok=True)
    (folder / kind / name).write_bytes(content)


def packed(content):
    return gzip.compress(content, 9, mtime=0)


def npy(array):
    with io.BytesIO() as file:
        numpy.save(file, array)
        return file.getvalue()


def npz(arrays, save):
    with io.BytesIO() as file:
        save(file, **arrays)
        return file.getvalue()


for code, letter in {8: "B", 9: "b", 11: "h", 12: "i", 13: "f", 14: "d"}.items():
    values = struct.pack(f">6{letter}", *range(6))
    seed("idx", f"type_{code}", struct.pack(">BBBBII", 0, 0, code, 2, 2, 3) + values)
seed("idx", "labels", struct.pack(">BBBBI", 0, 0, 8, 1, 4) + bytes([0, 9, 3, 1]))
seed("idx", "four_axes.gz", packed(struct.pack(">BBBBIIII", 0, 0, 8, 4, 1, 2, 1, 2) + b"abcd"))

for dtype in ("<f4", "<f8", "<i8", ">i4", "<f2", "|u1", "|b1", "<u8", "<c8"):
    seed("npy", dtype.strip("<|").replace(">", "big_"), npy(numpy.zeros((2, 3), dtype)))
seed("npy", "fortran", npy(numpy.asfortranarray(numpy.arange(6, dtype="<f4").reshape(2, 3))))
seed("npy", "scalar.gz", packed(npy(numpy.array(1.5))))

arrays = {"x": numpy.arange(6, dtype="<f4").reshape(2, 3), "group/y": numpy.array([1, 2])}
seed("npz", "stored", npz(arrays, numpy.savez))
seed("npz", "deflated", npz(arrays, numpy.savez_compressed))
seed("npz", "none", npz({}, numpy.savez))
with io.BytesIO() as file:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("../x.npy"), npy(numpy.zeros(1)))
    seed("npz", "name", file.getvalue())

# The first byte of a CSV seed chooses options.
seed("csv", "numbers", b"\0" + b"1,2.5\n-3e4,+.5\n")
seed("csv", "header", b"\x02" + b"\xef\xbb\xbfx,\"y, z\"\r\n1,2\r\n\r\n")
seed("csv", "quoted", b"\x20" + b"\"a\"\"b\n\",1\nc,2\n")
seed("csv", "tabs", b"\x1d" + b"# no numbers\n1\t\n\tinf\nNA\t2\n")
seed("csv", "long", b"\x08" + b"1.7976931348623157e308\n" * 20)
seed("csv", "packed.gz", b"\0" + packed(b"1,2\n" * 100))

seed("gzip", "text", packed(b"text"))
seed("gzip", "nothing", packed(b""))
seed("gzip", "zeros", packed(bytes(5000)))
seed("gzip", "two", packed(b"one") + packed(b"two"))
seed("gzip", "plain", b"plain")
body = zlib.compressobj(9, zlib.DEFLATED, -15)
seed("gzip", "all_fields", b"\x1f\x8b\x08\x1c" + bytes(4) + b"\0\3" + b"\2\0ab" + b"name\0" + b"comment\0"
     + body.compress(b"text") + body.flush() + struct.pack("<II", zlib.crc32(b"text"), 4))


def safetensors(header, data):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


seed("safetensors", "two", safetensors(
    {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
     "b": {"dtype": "I64", "shape": [1, 1], "data_offsets": [8, 16]}, "__metadata__": {"format": "pt"}}, bytes(16)))
for dtype, size in {"F64": 8, "F16": 2, "BF16": 2, "U64": 8, "I8": 1, "BOOL": 1}.items():
    seed("safetensors", dtype.lower(), safetensors(
        {"x": {"dtype": dtype, "shape": [1], "data_offsets": [0, size]}}, bytes(size)))
seed("safetensors", "none", safetensors({}, b""))
