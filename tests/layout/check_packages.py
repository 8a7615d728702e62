# SPDX-License-Identifier: Apache-2.0
"""Checks that README.md tells users to install what scripts/packages lists.

Takes the root of the tree. Exits with 1 and names each package that only one of them has.
"""

import os
import re
import sys


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8") as file:
        return file.read()


def listed(root):
    """By group: the packages of scripts/packages."""
    result = {}
    for line in read(root, "scripts/packages").splitlines():
        words = line.split("#")[0].split()
        if words:
            result.setdefault(words[0], set()).add(words[1])
    return result


def told(root):
    """The packages of each `apt-get install` in the README, in their order."""
    text = read(root, "README.md").replace("\\\n", " ")
    for command in re.findall(r"^    apt-get install (.*)$", text, re.MULTILINE):
        yield {word for word in command.split("#")[0].split() if not word.startswith("-")}


def main(root):
    wanted, found = listed(root), list(told(root))
    faults = []
    if len(found) != len(wanted):
        faults.append(f"README.md has {len(found)} install commands for {len(wanted)} groups")
    for (group, packages), command in zip(wanted.items(), found):
        faults += [f"README.md lacks {x} of the group {group}" for x in sorted(packages - command)]
        faults += [f"README.md has {x}, which is not in {group}" for x in sorted(command - packages)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
