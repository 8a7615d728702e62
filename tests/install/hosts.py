#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the programs of docs/embedding.md from an empty folder, against an installed partita,
and runs them and the example `plain`, in memory and with a nats-server.

    hosts.py DOCUMENT FOLDER PREFIX PLAIN CMAKE_ARGUMENTS...

A code block whose first line is a comment with a path is that file. PLAIN: the built example.
Prints of each program its lines, the time to compile and link it, and its size when stripped.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

BLOCK = re.compile(r"^```(?:cpp|cmake)\n(?://|#) ([\w/.]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LIMIT = 60


def build(name, main, cmake, folder, arguments):
    """The program `name`; its files are alone in a folder of their own."""
    os.makedirs(folder)
    for file, text in (("main.cpp", main), ("CMakeLists.txt", cmake)):
        with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
            out.write(text)
    # What a compiler's cache saves is no time to compile.
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "env": os.environ | {"CCACHE_DISABLE": "1"}}
    target = os.path.join(folder, "build")
    subprocess.run(["cmake", "-S", folder, "-B", target, *arguments], **quiet)
    begun = time.monotonic()
    subprocess.run(["cmake", "--build", target], **quiet)
    took = time.monotonic() - begun
    program, stripped = os.path.join(target, "app"), os.path.join(target, "stripped")
    subprocess.run(["strip", "-o", stripped, program], check=True)
    size = os.path.getsize(stripped) / 1e6
    lines = len([x for x in main.splitlines() if x.strip()])
    print(f"{name}: {lines} lines that are not empty, {took:.1f} s, {size:.1f} MB stripped")
    return program


def run(command, ended_by=None):
    """Runs it until it works on both partitions. Then its input ends, or it gets the signal, and
    it must end with 0."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
        signal.alarm(LIMIT)
        seen = set()
        for line in it.stdout:
            seen |= {x for x in ("orders.eu", "orders.us") if f"begins {x}" in line}
            if len(seen) == 2:
                break
        if ended_by:
            it.send_signal(ended_by)
        rest, _ = it.communicate(timeout=LIMIT)
        signal.alarm(0)
    if it.returncode != 0 or len(seen) != 2:
        sys.exit(f"{command} ended with {it.returncode} and worked on {sorted(seen)}: {rest}")


def start_nats(folder):
    """A server on a free port, and its address."""
    os.makedirs(folder)
    command = ["nats-server", "-js", "-a", "127.0.0.1", "-p", "-1", "-sd", folder]
    server = subprocess.Popen(
        [*command, "--ports_file_dir", folder], stderr=subprocess.DEVNULL
    )
    path = os.path.join(folder, f"nats-server_{server.pid}.ports")
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        try:
            with open(path, encoding="utf-8") as file:
                return server, json.load(file)["nats"][0]
        except (OSError, ValueError):
            # A poll: the server says in this file alone that it is ready.
            time.sleep(0.05)
    server.kill()
    sys.exit("the nats-server did not start")


def main(document, folder, prefix, plain, *arguments):
    with open(document, encoding="utf-8") as file:
        files = dict(BLOCK.findall(file.read()))
    if sorted(files) != ["CMakeLists.txt", "caf/main.cpp", "plain/main.cpp"]:
        sys.exit(f"{document} has the files {sorted(files)}")
    shutil.rmtree(folder, ignore_errors=True)
    arguments = [f"-DCMAKE_PREFIX_PATH={prefix}", *arguments]
    programs = [
        build(x, files[f"{x}/main.cpp"], files["CMakeLists.txt"], f"{folder}/{x}", arguments)
        for x in ("plain", "caf")
    ]
    server, url = start_nats(os.path.join(folder, "nats"))
    try:
        for address in ([], [url]):
            for program in programs:
                run([program, *address])
            run([plain, *address], signal.SIGTERM)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
