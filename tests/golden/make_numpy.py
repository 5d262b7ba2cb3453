# SPDX-License-Identifier: MIT
"""Makes numpy/: small .npy and .npz files as NumPy writes them, for the reader and the writer.

usage: make_numpy.py   (any Python with NumPy; made with 2.4.6)

Zip entries of NumPy's bear no time of writing, so that a second run gives the same bytes.
"""
import io
import pathlib

import numpy

folder = pathlib.Path(__file__).parent / "numpy"
folder.mkdir(exist_ok=True)

# What a Tensor can be: the writer has to give these bytes.
plain = {
    "f4_2x3": numpy.array([[1.5, -2.0, numpy.inf], [0.0, -0.0, 1e-45]], "<f4"),
    "f8_4": numpy.array([0.1, -1e300, numpy.nan, 5e-324], "<f8"),
    "i8_2x1x2": numpy.array([[[1, -2]], [[2**62, -(2**63)]]], "<i8"),
    "f8_scalar": numpy.array(2.5, "<f8"),
    "f4_empty": numpy.zeros((0, 3), "<f4"),
}
# What the reader converts: 2 x 3 arrays.
values = [[0, 1, 2], [3, 100, 127]]
converted = {
    **{dtype.replace("<", "little_").replace(">", "big_"): numpy.array(values, dtype)
       for dtype in ("|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<u8", ">i2", ">i4", ">i8", ">u8", ">f4",
                     ">f8")},
    "bool": numpy.array([[True, False, True], [False, False, True]]),
    "little_f2": numpy.array([[0, -0.5, 65504], [2**-24, 1 / 3, -numpy.inf]], "<f2"),
    "big_f2": numpy.array([[0, -0.5, 65504], [2**-24, 1 / 3, -numpy.inf]], ">f2"),
    "fortran": numpy.asfortranarray(numpy.arange(24, dtype="<f4").reshape(2, 3, 4)),
    "fortran_big": numpy.asfortranarray(numpy.array(values, ">i2")),
}
refused = {
    "complex": numpy.array([1j]),
    "text": numpy.array(["abc"]),
    "date": numpy.array(["2020-01-01"], "datetime64[D]"),
    "records": numpy.array([(1, 2.0)], [("a", "<i4"), ("b", "<f4")]),
    "object": numpy.array([None]),
    "too_large": numpy.array([2**63], "<u8"),
    "nine_axes": numpy.zeros([1] * 9, "<f4"),
}
for name, array in {**plain, **converted, **refused}.items():
    numpy.save(folder / f"{name.replace('|', '')}.npy", array, allow_pickle=True)

for version in ((2, 0), (3, 0)):
    with io.BytesIO() as file:
        numpy.lib.format.write_array(file, numpy.array(values, "<f4"), version=version)
        (folder / f"version_{version[0]}.npy").write_bytes(file.getvalue())

arrays = {"x": plain["f4_2x3"], "group/y": plain["i8_2x1x2"], "gr\u00f6\u00dfe": plain["f8_4"]}
numpy.savez(folder / "stored.npz", **arrays)
numpy.savez_compressed(folder / "deflated.npz", **arrays)
numpy.savez(folder / "none.npz")
