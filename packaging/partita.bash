# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completes commands and options of partita from its own help, so that there is one list of them.

_partita_commands() {
  "$@" --help 2>/dev/null | sed -nE 's/^  ([a-z][a-z-]*)  +[A-Z].*/\1/p'
}

_partita() {
  local command=("$1") current=$2 word words
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word != -- ]] || return
    if _partita_commands "${command[@]}" | grep -qx -- "$word"; then
      command+=("$word")
    fi
  done
  if [[ $current == -* ]]; then
    words=$("${command[@]}" --help 2>/dev/null | sed -n '/^Options:/,/^$/p' \
      | grep -oE '^  (-.,)?--[a-z-]+' | grep -oE -- '--[a-z-]+')
  else
    words=$(_partita_commands "${command[@]}")
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _partita partita
