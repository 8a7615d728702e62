#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Works on the partitions that `partita run` with [http] confirm = true names, a thread each.
All work stops by itself valid_for_ms after the send of the last call that was answered."""
import json, math, os, threading, time, urllib.request
URL = os.environ.get("PARTITA_URL", "http://127.0.0.1:8080")
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

def clock(): return time.clock_gettime(time.CLOCK_BOOTTIME)  # Includes the machine's sleep.

def call(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(URL + path, data, headers)
    with OPENER.open(request, timeout=7) as answer:
        return json.load(answer)

def work(name, token, stop):
    print(f"{os.getpid()} begin {name} {token}\n", end="", flush=True)
    while clock() < deadline and not stop.wait(0.1):
        pass  # One piece of work, shorter than heartbeat.ttl / 8. Pass the token along.
    print(f"{os.getpid()} end {name} {token}\n", end="", flush=True)

works, now, version, deadline, wait = {}, {"partitions": [], "revoking": []}, 0, 0, 0
while True:
    sent = clock()
    try:
        now = call(f"/v1/assignment?version={version}&wait={wait}ms")
        left = now["valid_for_ms"]  # None: there is no deadline (ownership = "available").
        deadline = math.inf if left is None else sent + left / 1000
        wait = 5000 if left is None else min(5000, left // 4 or 1000)
        version = now["version"]
    except OSError:
        version = 0  # Goes on with the last answer, as long as that is valid.
        time.sleep(0.2)
    named = {(x["name"], x["token"]) for x in now["partitions"]}
    wanted = named if clock() < deadline else set()
    ending = [works.pop(key) for key in list(works)
              if key not in wanted or not works[key][1].is_alive()]
    for stop, _ in ending: stop.set()
    for _, ended in ending: ended.join()
    released = [{"partition": x["name"], "token": x["token"]} for x in now["revoking"]]
    try:
        if released: call("/v1/released", released)
    except OSError: version = 0  # Asks again, and releases what is still in revoking.
    for key in wanted - works.keys() if clock() < deadline else ():
        stop = threading.Event()
        works[key] = stop, threading.Thread(target=work, args=(*key, stop), daemon=True)
        works[key][1].start()
