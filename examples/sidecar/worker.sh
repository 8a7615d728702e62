#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Works on the partitions that `partita run` with [http] confirm = true says, a process each.
# Needs curl and jq. No answer in time stops all work, 13 s after the send of the last call
# that was answered: http.app_ttl may be 15s or more.
set -u
address=${PARTITA_URL:-http://127.0.0.1:8080}
declare -A works # "name token" -> process id

call() { curl -sf --noproxy '*' -m 7 "$@"; }

work() { # NAME TOKEN; ends with this script, however that ends
  while kill -0 $$ 2> /dev/null; do
    sleep 0.1 # One piece of work. Pass the token along to where it takes effect.
  done
}

for ((version = 0; ; )); do
  if ! now=$(call "$address/v1/assignment?version=$version&wait=5s"); then
    now='{"version":0,"partitions":[],"revoking":[]}'
    sleep 0.5
  fi
  wanted=$(jq -r '.partitions[] | "\(.name) \(.token)"' <<< "$now")
  for key in "${!works[@]}"; do
    grep -qxF -- "$key" <<< "$wanted" && continue
    kill "${works[$key]}"
    wait "${works[$key]}" 2> /dev/null
    unset "works[$key]"
    echo "$$ end $key"
  done
  version=$(jq .version <<< "$now")
  released=$(jq -c '[.revoking[] | {partition: .name, token}]' <<< "$now")
  # Whatever could not be released still stands in revoking when asked again.
  [ "$released" = '[]' ] || call -o /dev/null -H 'Content-Type: application/json' \
    -d "$released" "$address/v1/released" || version=0
  while read -r key; do
    [ -z "$key" ] || [ -n "${works[$key]-}" ] && continue
    echo "$$ begin $key"
    work $key & works[$key]=$!
  done <<< "$wanted"
done
