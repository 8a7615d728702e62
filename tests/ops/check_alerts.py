# SPDX-License-Identifier: Apache-2.0
"""Checks that docs/ops/alerts.yml has the structure that Prometheus wants.

Exits with 1 and names what is wrong. (That each metric in it exists is checked by
app.ops_documents; Prometheus' own promtool is not in every distribution.)
"""

import re
import sys

import yaml

WORDS = {"alert", "expr", "for", "labels", "annotations"}
TIME = re.compile(r"^\d+[smh]$")


def faults(document):
    """What is wrong with the document, as texts."""
    if set(document) != {"groups"}:
        yield f"found the keys {sorted(document)}, expected groups alone"
    for group in document.get("groups", []):
        if set(group) != {"name", "rules"}:
            yield f"group: found {sorted(group)}, expected name and rules"
        names = [rule.get("alert") for rule in group.get("rules", [])]
        if len(set(names)) != len(names):
            yield "two rules have the same name"
        for rule in group.get("rules", []):
            yield from rule_faults(rule)


def rule_faults(rule):
    name = rule.get("alert", "a rule without a name")
    if not set(rule) <= WORDS:
        yield f"{name}: found {sorted(set(rule) - WORDS)}, expected only {sorted(WORDS)}"
    expression = rule.get("expr")
    if not isinstance(expression, str) or not expression:
        yield f"{name}: expr is missing or no text"
    elif any(expression.count(x) != expression.count(y) for x, y in ("()", "[]", "{}")):
        yield f"{name}: expr has a bracket that is never closed"
    if "for" in rule and not TIME.match(str(rule["for"])):
        yield f"{name}: for is {rule['for']}, expected something like 30s"
    if rule.get("labels", {}).get("severity") not in ("warning", "critical"):
        yield f"{name}: labels.severity must be warning or critical"
    for text in ("summary", "description"):
        if not isinstance(rule.get("annotations", {}).get(text), str):
            yield f"{name}: annotations.{text} is missing or no text"


def main(path):
    with open(path, encoding="utf-8") as file:
        found = list(faults(yaml.safe_load(file)))
    for fault in found:
        print(f"{path}: {fault}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
