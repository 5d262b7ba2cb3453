# SPDX-License-Identifier: MIT
"""Runs one column of a page such as docs/from_keras.md as a program, from top to bottom.

Usage: columns.py PAGE (Keras | PyTorch). The column is made of the blocks fenced as ```python keras
(pytorch) and of the cells in tables of three columns, in their order. A number behind an expression,
or in a fourth column, is what the expression has to give. The third column is C++, and is run by
tests/docs.
"""
import re
import sys
from pathlib import Path

COLUMNS = ["Keras", "PyTorch", "here"]
FENCES = {"python keras": "Keras", "python pytorch": "PyTorch", "cpp": "here"}


class Wrong(Exception):
    pass


def pieces_of_cell(line, cell, number):
    rest = cell
    while match := re.match(r"`([^`]+)`(?: = ([-+.0-9e]+))?(?:<br>)?", rest):
        value = number or match[2]
        yield line, match[1], None if value is None else float(value)
        rest = rest[match.end():]
    if "`" in rest:
        raise Wrong(f"line {line}: a cell is code or prose: {cell}")


def pieces_of_page(text):
    """Yields column, (line, code, expected number or None)."""
    fence, block, heads, blocks = None, [], None, []
    for line, content in enumerate(text.splitlines(), 1):
        if fence is not None:
            if content != "```":
                block.append(content)
            else:
                blocks.append(fence)
                yield FENCES[fence], (line - len(block), "\n".join(block), None)
                fence = None
        elif content.startswith("```"):
            fence, block = content[3:], []
            if fence not in FENCES:
                raise Wrong(f"line {line}: a block is one of {list(FENCES)}, not {fence!r}")
        elif content.startswith("|"):
            cells = [cell.strip() for cell in content.strip("|").split(" | ")]
            if heads is None:
                heads = cells
                if heads not in (COLUMNS, COLUMNS + ["each gives"]):
                    raise Wrong(f"line {line}: the columns are {COLUMNS}, not {heads}")
            elif not re.fullmatch(r"[|-]+", content):
                if len(cells) != len(heads):
                    raise Wrong(f"line {line}: {len(cells)} cells under {len(heads)} heads")
                number = cells[3] if len(heads) == 4 else None
                for column, cell in zip(COLUMNS, cells):
                    for piece in pieces_of_cell(line, cell, number):
                        yield column, piece
        else:
            heads = None
    if fence is not None or blocks != list(FENCES) * (len(blocks) // len(FENCES)):
        raise Wrong(f"blocks come in threes, {list(FENCES)}, not {blocks}")


def run(page, column):
    pieces = [piece for name, piece in pieces_of_page(page.read_text()) if name == column]
    if not pieces:
        raise Wrong(f"there is nothing in the column {column}")
    scope, wrong, numbers = {"__name__": "__main__"}, 0, 0
    for line, code, expected in pieces:
        code = "\n" * (line - 1) + code  # tracebacks show the page's lines
        if expected is None:
            exec(compile(code, str(page), "exec"), scope)
            continue
        value = float(eval(compile(code, str(page), "eval"), scope))
        numbers += 1
        if not abs(value - expected) <= 1e-6 * max(1.0, abs(expected)):
            wrong += 1
            print(f"line {line}: {expected:.9g} stands there, but {column} gives {value:.9g}")
    print(f"{column}: {len(pieces)} pieces, {numbers} numbers, {wrong} wrong")
    return wrong


if __name__ == "__main__":
    try:
        sys.exit(1 if run(Path(sys.argv[1]), sys.argv[2]) else 0)
    except Wrong as error:
        sys.exit(str(error))
