# Completion of spillway for bash; all it knows comes from `spillway list`.

_spillway() {
  local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    words=$("$program" list verbs --names 2>/dev/null)
  elif [ "${current#-}" != "$current" ]; then
    words=$("$program" list options "$verb" --names 2>/dev/null)
  else
    local previous=${COMP_WORDS[COMP_CWORD - 1]} number=0 i
    if [ "${previous#--}" != "$previous" ]; then
      words=$("$program" list values "$verb" "$previous" --names 2>/dev/null)
    else
      for ((i = 2; i <= COMP_CWORD; i++)); do
        [ "${COMP_WORDS[i]#-}" = "${COMP_WORDS[i]}" ] && number=$((number + 1))
      done
      words=$("$program" list values "$verb" "$number" --names 2>/dev/null)
    fi
  fi
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current")
  [ "${#COMPREPLY[@]}" -gt 0 ] || compopt -o default 2>/dev/null
}

complete -F _spillway spillway
