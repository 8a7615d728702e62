# SPDX-License-Identifier: Apache-2.0
"""Checks what is in packaging/ against the program.

Takes the root of the tree and the program. The manifests: the configuration in them is what the
program's check-config accepts, and probes, grace period and environment fit it. The systemd unit
and the completion use commands and options that exist. Exits with 1 and names what is wrong.
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib

import yaml

# What leaving may take besides timeouts.shutdown (app/service/worker_service.cpp).
A_LITTLE = 15
CONFIG = "/etc/partita/partita.toml"


def run(program, *words, **more):
    result = subprocess.run([program, *words], capture_output=True, text=True, check=False, **more)
    return result.returncode, result.stdout + result.stderr


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]


def settings(program, text, environment):
    """The settings in effect, and what check-config finds wrong with them."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(text)
        file.flush()
        code, said = run(program, "check-config", file.name, "--show", env=environment)
        return (tomllib.loads(said), None) if code == 0 else (None, said)


def container_faults(container, found, limits):
    """What is wrong with a container that runs partita, by the settings in effect."""
    port = int(found["http"]["listen"].rsplit(":")[-1])
    for name, paths in {"startup": ["/livez"], "liveness": ["/livez"], "readiness": ["/readyz"]}.items():
        probe = container.get(name + "Probe", {}).get("httpGet")
        if probe and (probe["port"] != port or probe["path"] not in paths):
            yield f"{name}Probe asks {probe}, expected port {port} and one of {paths}"
    if "livenessProbe" not in container or "startupProbe" not in container:
        yield "a liveness and a startup probe are expected"
    if not found["http"]["listen"].startswith("0.0.0.0:"):
        yield f"http.listen is {found['http']['listen']}, which no kubelet reaches"
    if found["worker"]["shutdown"] != "drain":
        yield f"worker.shutdown is {found['worker']['shutdown']}, expected drain"
    leaving = seconds(found["timeouts"]["shutdown"]) + A_LITTLE
    needed = leaving * (2 if "--" in container["args"] else 1) + limits["application"]
    if limits["grace"] < needed:
        yield f"terminationGracePeriodSeconds is {limits['grace']}, expected at least {needed:g}"
    if "cpu" not in container["resources"]["requests"]:
        yield "no CPU is requested"
    security = container["securityContext"]
    if not security["readOnlyRootFilesystem"] or security["allowPrivilegeEscalation"]:
        yield "the container may write or gain rights"


def manifest_faults(program, path):
    with open(path, encoding="utf-8") as file:
        by_kind = {x["kind"]: x for x in yaml.safe_load_all(file)}
    pod = next(x for k, x in by_kind.items() if k in ("Deployment", "StatefulSet"))
    pod = pod["spec"]["template"]["spec"]
    if not pod["securityContext"]["runAsNonRoot"]:
        yield "the pod may run as root"
    beside = [x for x in pod["containers"] if "partita" not in str(x.get("command", ""))]
    containers = pod.get("initContainers", []) + [x for x in pod["containers"] if x not in beside]
    for container in containers:
        given = {x["name"]: x.get("value", "pod-0") for x in container["env"]}
        if given.get("PARTITA_WORKER_INSTANCE") != "pod-0":
            yield "the instance is not the pod's name"
        if container["args"][:3] != ["run", "-c", CONFIG]:
            yield f"runs {container['args']}, expected run -c {CONFIG}"
        found, said = settings(program, by_kind["ConfigMap"]["data"]["partita.toml"], given)
        if said:
            yield said
            continue
        # A main container may take until its own limit, which is not ours to know.
        limits = {"grace": pod["terminationGracePeriodSeconds"], "application": 30 if beside else 0}
        yield from container_faults(container, found, limits)


def unit_faults(program, path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for line in ("Type=notify", "NotifyAccess=main", "KillMode=mixed", "Restart=on-failure"):
        if f"\n{line}\n" not in text:
            yield f"has no line {line}"
    command = re.search(r"^ExecStart=/usr/bin/partita (.*)$", text, re.MULTILINE)[1]
    words = command.replace("%i", "orders").replace("%H", "host").replace(" $ARGUMENTS", "").split()
    words[words.index("-c") + 1] = "/dev/null"
    code, said = run(program, *words)
    # Only the configuration is missing.
    if code != 2 or "group.name" not in said:
        yield f"its command ends with {code}: {said}"


def completion_faults(program, path):
    for words, expected in {
        ("",): "status",
        ("st",): "status step-down stream",
        ("run", "--no"): "--no-guard --no-goodbye",
        ("partitions", "se"): "set-weight",
        ("partitions", "add", "-c", "x", "--w"): "--weight",
        ("run", "--", "--"): "",
    }.items():
        script = f"source {path}; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($#-1)); " \
                 "_partita \"$1\" \"${@: -1}\"; echo \"${COMPREPLY[@]}\""
        _, said = run("bash", "-c", script, "bash", program, *words)
        if (expected not in said) if words == ("",) else (said.strip() != expected):
            yield f"{words} gives '{said.strip()}', expected '{expected}'"


def main(root, program):
    folder = os.path.join(root, "packaging")
    checks = {
        "partita@.service": unit_faults,
        "partita.bash": completion_faults,
        "kubernetes/sidecar.yaml": manifest_faults,
        "kubernetes/statefulset.yaml": manifest_faults,
    }
    found = [f"packaging/{name}: {x}" for name, check in checks.items()
             for x in check(program, os.path.join(folder, name))]
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
