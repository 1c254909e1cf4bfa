# Completion of spillway for bash; all it knows comes from `spillway list`. Names may come from
# files, so they are compared and quoted, never expanded.

# _spillway_offer ARGUMENT...: the names that `spillway list --names ARGUMENT...` prints and
# that begin like the current word.
_spillway_offer() {
  local name quoted
  while IFS= read -r name; do
    printf -v quoted %q "$name"
    [[ $name == "$current"* || $quoted == "$current"* ]] && COMPREPLY+=("$quoted")
  done < <("$program" list --names "$@" 2>/dev/null)
}

_spillway() {
  local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local verb=${COMP_WORDS[1]} number=1 i options option word
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    _spillway_offer verbs
    return
  fi
  # --option=value comes as three words.
  if [ "$current" = "=" ]; then
    current=
  elif [ "$previous" = "=" ]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  # One a line: the option, and after a blank its argument if it takes one.
  options=$'\n'$("$program" list --names options "$verb" 2>/dev/null)$'\n'
  if [[ $options == *$'\n'"$previous "* ]]; then
    option=${previous#-}
    _spillway_offer values "$verb" "${option#-}"
  elif [ "${current#-}" != "$current" ]; then
    while read -r word _; do
      [[ -n $word && $word == "$current"* ]] && COMPREPLY+=("$word")
    done <<<"$options"
  else
    for ((i = 2; i < COMP_CWORD; i++)); do
      word=${COMP_WORDS[i]}
      if [[ $options == *$'\n'"$word "* ]]; then
        [ "${COMP_WORDS[i + 1]}" = "=" ] && i=$((i + 1))
        i=$((i + 1))
      elif [ "${word#-}" = "$word" ]; then
        number=$((number + 1))
      fi
    done
    _spillway_offer values "$verb" "$number"
  fi
  [ "${#COMPREPLY[@]}" -gt 0 ] || compopt -o default 2>/dev/null
}

complete -F _spillway spillway
