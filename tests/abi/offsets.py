# SPDX-License-Identifier: MIT
"""Writes tests/abi/offsets.c: the place of every field of every public struct, and its least size, as assertions.

freeze.sh calls it. Blocks of earlier minors stay as they are; a new minor gets a block with what is new in it."""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRIVATE = {"hone_settings_memory", "hone_point_set", "hone_affine"}  # never cross the border between plugin and host
HEAD = """/* SPDX-License-Identifier: MIT */
/* The places of all public fields, as the first plugins were compiled to them; made by offsets.py. A line that fails is a
 * break of the ABI: append the field at the end of its struct instead. */
#include "hone/hone.h"

#include <stddef.h>

#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field " has moved")
#define AT_LEAST(type, bytes) _Static_assert(sizeof(type) >= (bytes), #type " has shrunk")
"""


def strip(text):
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("#"))


def fields(body):
    for statement in body.split(";"):
        statement = " ".join(statement.split())
        pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(", statement)
        if pointer:
            yield pointer.group(1)
        elif statement:
            for part in statement.split(","):
                yield re.search(r"(\w+)\s*$", re.sub(r"\[.*?\]", "", part)).group(1)


def structs():
    for path in sorted((ROOT / "sdk/include/hone").glob("*.h")):
        for match in re.finditer(r"typedef\s+struct\s+\w+\s*\{([^{}]*)\}\s*(\w+)\s*;", strip(path.read_text())):
            if match.group(2) not in PRIVATE:
                yield match.group(2), list(fields(match.group(1)))


def measure(cc):
    lines = []
    for name, members in structs():
        lines += [f'printf("AT({name}, {field}, %zu);\\n", offsetof({name}, {field}));' for field in members]
        lines.append(f'printf("AT_LEAST({name}, %zu);\\n", sizeof({name}));')
    source = '#include "hone/hone.h"\n#include <stddef.h>\n#include <stdio.h>\nint main(void)\n{\n' + "\n".join(lines) + "\nreturn 0;\n}\n"
    with tempfile.TemporaryDirectory() as folder:
        probe = pathlib.Path(folder) / "probe"
        subprocess.run([cc, "-std=c11", "-w", f"-I{ROOT}/sdk/include", "-x", "c", "-", "-o", probe, "-lm"], input=source, text=True, check=True)
        return subprocess.run([probe], capture_output=True, text=True, check=True).stdout.splitlines()


def main(version, cc="cc"):
    path = ROOT / "tests/abi/offsets.c"
    blocks = re.split(r"\n(?=/\* ---- ABI )", path.read_text()) if path.exists() else [HEAD]
    kept = [block.rstrip("\n") for block in blocks if not block.startswith(f"/* ---- ABI {version}:")]
    old = "\n".join(kept)
    new = [line for line in measure(cc) if line not in old]
    path.write_text("\n\n".join(kept + [f"/* ---- ABI {version}: do not edit above or in this block ---- */\n" + "\n".join(new)]) + "\n")


main(*sys.argv[1:])
