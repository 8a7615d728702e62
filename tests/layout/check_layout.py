# SPDX-License-Identifier: Apache-2.0
"""Checks the tree against the table of directories in docs/architecture.md.

Takes the root of the tree. Exits with 1 and names each fault: an include that the table does
not allow, an allowance that no include uses, a directory that is missing on either side, a
cycle between directories, a directory with too many sources, a relative include, a header
that asks for a failpoint, an actor whose exceptions would not be seen, a message without
a type id, and a source without its licence. Tests, benchmarks and examples may include what they want.
"""

import os
import re
import sys

TOPS = ("messages", "core", "store", "actors", "config", "embed", "app")
MOST_SOURCES = 30

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
ROW = re.compile(r"^\| `([a-z/]+)/` \|([^|]*)\|([^|]*)\|([^|]*)\|$", re.MULTILINE)

# By the first part of an include: the word for it in the table's last column.
LIBRARIES = {
    "CLI": "CLI11",
    "caf": "CAF",
    "microhttpd.h": "libmicrohttpd",
    "nats": "nats.h",
    "nlohmann": "nlohmann",
    "openssl": "OpenSSL",
    "prometheus": "prometheus-cpp",
    "spdlog": "spdlog",
    "systemd": "libsystemd",
    "toml++": "toml++",
    "utf8.h": "utfcpp",
    "xxhash.h": "xxhash",
    "zlib.h": "zlib",
}
STANDARD = re.compile(r"^[a-z_]+$")
POSIX = re.compile(r"^(sys/[a-z_]+|fcntl|malloc|netdb|poll|pthread|pwd|signal|time|unistd)\.h$")

LICENCE = "SPDX-License-Identifier: Apache-2.0"
SKIPPED = (".git", ".cache", "__pycache__")
LICENSED = (".cpp", ".hpp", ".c", ".h", ".cmake", ".cmake.in", ".py", ".mjs", ".js", ".sh")


class Row:
    """What the table says of one directory."""

    def __init__(self, job, directories, libraries):
        self.job = job.strip()
        self.directories = {x.rstrip("/") for x in re.findall(r"`([^`]+)`", directories)}
        self.libraries = {x.strip() for x in libraries.split(",") if x.strip()}


def read_table(root):
    with open(os.path.join(root, "docs/architecture.md"), encoding="utf-8") as file:
        text = file.read()
    return {x[1]: Row(x[2], x[3], x[4]) for x in ROW.finditer(text)}


def read_sources(root):
    """By directory and name: the text of each source of the product."""
    result = {}
    for top in TOPS:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                if name.endswith((".cpp", ".hpp")):
                    with open(os.path.join(folder, name), encoding="utf-8") as file:
                        where = os.path.relpath(folder, root)
                        result.setdefault(where, {})[name] = file.read()
    return result


def library_of(include):
    """The library's word; None for the C++ library."""
    if STANDARD.match(include):
        return None
    if POSIX.match(include):
        return "POSIX"
    first = include.split("/")[0]
    return LIBRARIES.get(first, f"the unknown library {first}")


def include_faults(table, sources):
    for where, files in sorted(sources.items()):
        row = table.get(where)
        if row is None:
            continue
        used_directories, used_libraries = set(), set()
        for name, text in sorted(files.items()):
            for mark, include in INCLUDE.findall(text):
                file = f"{where}/{name}"
                if include.startswith("partita/"):
                    target = os.path.dirname(include.removeprefix("partita/"))
                    used_directories.add(target)
                    if target not in row.directories | {where}:
                        yield f"{file} includes {include}, and {where}/ may not include {target}/"
                elif mark == '"':
                    yield f'{file} includes "{include}", expected "partita/..." or <...>'
                elif (library := library_of(include)) is not None:
                    used_libraries.add(library)
                    if library not in row.libraries:
                        yield f"{file} includes <{include}>, and {where}/ may not use {library}"
        for target in sorted(row.directories - used_directories):
            yield f"the table allows {where}/ to include {target}/, which it does not"
        for library in sorted(row.libraries - used_libraries):
            yield f"the table allows {where}/ to use {library}, which it does not"


def directory_faults(table, sources):
    for where in sorted(set(sources) - set(table)):
        yield f"the table lacks {where}/"
    for where in sorted(set(table) - set(sources)):
        yield f"the table lists {where}/, which has no source"
    for where, row in sorted(table.items()):
        if not row.job:
            yield f"the table gives {where}/ no job"
    for where, files in sorted(sources.items()):
        if len(files) > MOST_SOURCES:
            yield f"{where}/ has {len(files)} sources, more than {MOST_SOURCES}: divide it"


def cycle_faults(table):
    """Removes what depends on nothing, again and again: what stays leads to a cycle."""
    rest = {where: row.directories & set(table) for where, row in table.items()}
    while free := {where for where, targets in rest.items() if not targets}:
        rest = {w: targets - free for w, targets in rest.items() if w not in free}
    if rest:
        path = [min(rest)]
        while (target := min(rest[path[-1]])) not in path:
            path.append(target)
        yield "a cycle: " + " -> ".join([*path[path.index(target) :], target])


def failpoint_faults(sources):
    """A source that asks for one is compiled a second time for the simulator. What a header asks
    is compiled in both ways, and the linker takes either."""
    for where, files in sorted(sources.items()):
        for name, text in sorted(files.items()):
            if name.endswith(".hpp") and re.search(r"failpoint\(rule::", text):
                yield f"{where}/{name} asks for a failpoint: only a .cpp may"


BEHAVIOUR = re.compile(
    r"::behavior(?:_type)?\s+(\w+)\([^;{}]*\bself\b[^;{}]*\)\s*\{\s*(\w+)"
)


def exception_faults(sources):
    """An actor that ends by an exception unnoticed leaves a process that hangs."""
    for where, files in sorted(sources.items()):
        for name, text in sorted(files.items()):
            for function, first in BEHAVIOUR.findall(text):
                called = re.search(rf"\b{function}\(self[,)]", text)
                if not called and first != "end_on_exception":
                    yield f"{where}/{name}: {function} must begin with end_on_exception(self)"


def type_id_faults(sources):
    """CAF 1.x knows a message by its type id; 0.17.6, which the tests use, would not miss one."""
    text = "\n".join(text for files in sources.values() for text in files.values())
    text = re.sub(r"//.*", "", text)
    known = set()
    for block in re.findall(r"\bPARTITA_TYPE_IDS\(\s*\w+,([^()]*)\)", text):
        known |= {x.split("::")[-1].strip() for x in block.split(",")}
    for answer, parts in re.findall(r"\bhandler<([\w:]+)\(([^()]*)\)>", text):
        for name in [answer, *parts.split(",")]:
            name = name.split("::")[-1].strip()
            if name != "void" and name not in known:
                yield f"{name} is a message: PARTITA_TYPE_IDS must list it"


def licence_faults(root):
    for folder, folders, names in os.walk(root):
        folders[:] = [x for x in folders if x not in SKIPPED and not x.startswith("build")]
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            with open(path, encoding="utf-8", errors="replace") as file:
                head = [file.readline() for _ in range(3)]
            script = "." not in name and (
                head[0].startswith("#!") or os.path.basename(folder) == "scripts"
            )
            wanted = script or name == "CMakeLists.txt" or name.endswith(LICENSED)
            if wanted and not any(LICENCE in line for line in head):
                yield f"{os.path.relpath(path, root)} lacks a line with {LICENCE}"


def main(root):
    table, sources = read_table(root), read_sources(root)
    faults = [
        *directory_faults(table, sources),
        *include_faults(table, sources),
        *cycle_faults(table),
        *failpoint_faults(sources),
        *exception_faults(sources),
        *type_id_faults(sources),
        *licence_faults(root),
    ]
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        count = sum(len(files) for files in sources.values())
        print(f"{count} sources in {len(sources)} directories are as the table says")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
