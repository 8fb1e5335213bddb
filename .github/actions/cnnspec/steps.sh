#!/usr/bin/env bash
# The steps of the action: steps.sh summarize, steps.sh check. Inputs are in PATHS, OPTIONS and BASE.
set -eo pipefail

# Split $1 into the array words: a line each where there are several lines, else as a shell does,
# at blanks outside quotes. Nothing is expanded, and backslashes mean themselves.
split() {
  local text=$1 word='' quote='' begun='' char i
  words=()
  case "${text%$'\n'}" in *$'\n'*)
    while IFS= read -r word; do
      [ -z "$word" ] || words+=("$word")
    done <<< "$text"
    return ;;
  esac
  for ((i = 0; i < ${#text}; i++)); do
    char=${text:i:1}
    if [ -n "$quote" ]; then
      if [ "$char" = "$quote" ]; then quote=''; else word+=$char; fi
    elif [ "$char" = '"' ] || [ "$char" = "'" ]; then
      quote=$char begun=1
    elif [ "$char" = ' ' ] || [ "$char" = $'\t' ] || [ "$char" = $'\n' ]; then
      [ -z "$begun" ] || words+=("$word")
      word='' begun=''
    else
      word+=$char begun=1
    fi
  done
  [ -z "$quote" ] || fail "paths or options: a quote $quote is not closed in: $text"
  [ -z "$begun" ] || words+=("$word")
}

fail() {
  local message=${1//'%'/%25}
  printf '::error title=cnnspec::%s\n' "${message//$'\n'/%0A}"
  exit 2
}

# Append what changed in each spec since the revision BASE to the summary of the job, with a picture
# in Mermaid, which GitHub draws if it has at most 50,000 characters.
summarize() {
  local base page file picture
  base=$(git rev-parse --verify --quiet --end-of-options "$BASE^{commit}") ||
    fail "base: there is no revision '$BASE'; actions/checkout needs fetch-depth: 0"
  git --literal-pathspecs diff -z --name-only --relative --diff-filter=M "$base" -- "${words[@]}" |
    while IFS= read -r -d '' file; do
      case "$file" in *.toml) ;; *) continue ;; esac
      if page=$(cnnspec diff --format markdown -- "$file@$BASE" "$file" 2> /dev/null); then
        printf '%s\n\n' "$page" >> "$GITHUB_STEP_SUMMARY"
        picture=$(cnnspec draw --format mermaid -- "$file" 2> /dev/null) || continue
        [ "${#picture}" -gt 50000 ] || printf '%s\n\n```mermaid\n%s\n```\n\n%s\n\n' \
          '<details><summary>The architecture now</summary>' "$picture" '</details>' \
          >> "$GITHUB_STEP_SUMMARY"
      fi
    done
}

case "$1" in
  summarize)
    split "$PATHS"
    summarize
    ;;
  check)
    split "$OPTIONS"
    options=("${words[@]}")
    split "$PATHS"
    cnnspec check "${options[@]}" --format github -- "${words[@]}"
    ;;
esac
