#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Works on the partitions that `partita run` with [http] confirm = true says, a thread each.
No answer in time stops all work, 13 s after the send of the last call that was answered:
http.app_ttl may be 15s or more."""
import json, os, threading, time, urllib.request
URL = os.environ.get("PARTITA_URL", "http://127.0.0.1:8080")
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

def call(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(URL + path, data, headers)
    with OPENER.open(request, timeout=7) as answer:
        return json.load(answer)

def work(name, token, stop):
    print(f"{os.getpid()} begin {name} {token}\n", end="", flush=True)
    while not stop.wait(0.1): pass  # One piece of work. Pass the token along.
    print(f"{os.getpid()} end {name} {token}\n", end="", flush=True)

works, version = {}, 0
while True:
    try:
        now = call(f"/v1/assignment?version={version}&wait=5s")
        wanted = {(x["name"], x["token"]) for x in now["partitions"]}
    except OSError:
        now, wanted = {"version": 0, "revoking": []}, set()
        time.sleep(0.5)
    ending = [works.pop(key) for key in works.keys() - wanted]
    for stop, _ in ending: stop.set()
    for _, ended in ending: ended.join()
    released = [{"partition": x["name"], "token": x["token"]} for x in now["revoking"]]
    try:
        if released: call("/v1/released", released)
        version = now["version"]
    except OSError: version = 0  # Asks again, and releases what still stands in revoking.
    for key in wanted - works.keys():
        stop = threading.Event()
        works[key] = stop, threading.Thread(target=work, args=(*key, stop), daemon=True)
        works[key][1].start()
