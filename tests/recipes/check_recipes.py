#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What CONTRIBUTING.md says about adding something holds: a patch for each kind, all applied to a
copy of the tree, which then builds and passes the tests that come with them.

    check_recipes.py SOURCE FOLDER [NAME...]

FOLDER gets the copy and its build, and keeps both. A patch begins with lines `KEY: VALUE`:

  files  how many files of the product it may change
  build  what is built
  test   which tests are run, as a regular expression for CTest
"""

import filecmp
import os
import re
import shutil
import subprocess
import sys

PRODUCT = ("core/", "actors/", "store/", "app/", "config/", "messages/", "embed/")
# Comments for people, which a test compares with the options.
DOCUMENTS = ("config/partita.toml",)


def run(*command, cwd=None):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}\nfailed: {' '.join(command)}")
    return done.stdout


def copy(source, tree):
    """Touches only what differs, so that a second run builds only what has changed."""
    names = set(run("git", "-C", source, "ls-files", "-co", "--exclude-standard").splitlines())
    for name in names:
        here, there = os.path.join(source, name), os.path.join(tree, name)
        if os.path.exists(here) and not (os.path.exists(there)
                                         and filecmp.cmp(here, there, shallow=False)):
            os.makedirs(os.path.dirname(there), exist_ok=True)
            shutil.copy(here, there)
    for folder, _, files in os.walk(tree):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), tree)
            if not path.startswith("build/") and path not in names:
                os.remove(os.path.join(tree, path))


def apply(patch, tree):
    """Applies a patch and counts its files; gives what it says of itself."""
    name = os.path.basename(patch)
    with open(patch, encoding="utf-8") as file:
        text = file.read()
    head = dict(re.findall(r"^(\w+): (.*)$", text.split("\n---", 1)[0], re.M))
    changed = re.findall(r"^\+\+\+ b/(\S+)", text, re.M)
    product = [x for x in changed if x.startswith(PRODUCT) and x not in DOCUMENTS]
    if len(product) > int(head["files"]):
        sys.exit(f"{name}: expected at most {head['files']} files of the product, found "
                 f"{len(product)}: {', '.join(product)}")
    run("patch", "-p1", "--no-backup-if-mismatch", "-i", patch, cwd=tree)
    return name, len(product), head


def main():
    source, folder, *chosen = sys.argv[1:]
    here = os.path.dirname(os.path.abspath(__file__))
    patches = sorted(x for x in os.listdir(here) if x.endswith(".patch")
                     and (not chosen or x.removesuffix(".patch") in chosen))
    if not patches:
        sys.exit("no patch has such a name")
    tree = os.path.join(os.path.abspath(folder), "tree")
    copy(source, tree)
    recipes = [apply(os.path.join(here, x), tree) for x in patches]
    # One build for all, quickly built rather than fast: headers that everything includes change.
    os.environ["CCACHE_BASEDIR"] = tree
    run("cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None",
        "-DCMAKE_CXX_FLAGS=-O0", cwd=tree)
    targets = {head["build"] for _, _, head in recipes}
    run("cmake", "--build", "build", "--parallel", str(os.cpu_count()), "--target", *targets,
        cwd=tree)
    for name, count, head in recipes:
        ran = run("ctest", "--test-dir", "build", "--output-on-failure", "-R", head["test"], cwd=tree)
        if "No tests were found" in ran:
            sys.exit(f"{name}: no test matches {head['test']}")
        print(f"{name}: {count} files of the product, {head['test']} passes", flush=True)


if __name__ == "__main__":
    main()
