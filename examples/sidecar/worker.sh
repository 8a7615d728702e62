#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Works on the partitions that `partita run` with [http] confirm = true names, a process each.
# All work stops by itself valid_for_ms after the send of the last call that was answered.
# Needs curl and jq. Times are hundredths of a second, the machine's sleep included.
set -u
address=${PARTITA_URL:-http://127.0.0.1:8080}
declare -A works # "name token" -> process id
deadline=$(mktemp) # Read by all works.
trap 'rm -f "$deadline"' EXIT

call() { curl -sf --noproxy '*' -m 7 "$@"; }
clock() { read -r now _ < /proc/uptime; now=$((10#${now/./})); }
set_deadline() { printf '%018d\n' "$1" 1<> "$deadline"; } # One write: never half of it.
in_time() { read -r until < "$deadline" && clock && ((now < 10#$until)); } 2> /dev/null

work() { # NAME TOKEN; ends with this script, however that ends
  trap 'stop=1' TERM
  until [ -n "${stop-}" ] || ! kill -0 $$ 2> /dev/null || ! in_time; do
    sleep 0.1 # One piece of work, shorter than heartbeat.ttl / 8. Pass the token along.
  done
  kill -0 $$ 2> /dev/null && echo "$$ end $*"
}

set_deadline 0
answer='{"partitions":[],"revoking":[]}'
for ((version = 0, wait = 0; ; )); do
  clock
  sent=$now
  if new=$(call "$address/v1/assignment?version=$version&wait=${wait}ms"); then
    answer=$new
    # Without a deadline (ownership = "available") valid_for_ms is null.
    read -r version left < <(jq -r '"\(.version) \(.valid_for_ms // 1000000000000000)"' <<< "$answer")
    set_deadline $((sent + left / 10))
    wait=$((left < 4 ? 1000 : left < 20000 ? left / 4 : 5000))
  else
    version=0 # Goes on with the last answer, as long as that is valid.
    sleep 0.2
  fi
  wanted=
  in_time && wanted=$(jq -r '.partitions[] | "\(.name) \(.token)"' <<< "$answer")
  for key in "${!works[@]}"; do
    grep -qxF -- "$key" <<< "$wanted" && kill -0 "${works[$key]}" 2> /dev/null && continue
    kill "${works[$key]}" 2> /dev/null
    wait "${works[$key]}"
    unset "works[$key]"
  done
  released=$(jq -c '[.revoking[] | {partition: .name, token}]' <<< "$answer")
  # Asks again if that fails, and releases what is still in revoking.
  [ "$released" = '[]' ] || call -o /dev/null -H 'Content-Type: application/json' \
    -d "$released" "$address/v1/released" || version=0
  while read -r key; do
    [ -z "$key" ] || [ -n "${works[$key]-}" ] && continue
    in_time || break
    echo "$$ begin $key"
    work "$key" & works[$key]=$!
  done <<< "$wanted"
done
