#!/usr/bin/env bash
# Counts the instructions of a decision with callgrind (package valgrind) and compares them with benches/instructions.txt.
# Fails where a workload takes more than 10 % above its figure. `benches/instructions.sh --write` writes new figures.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo 'valgrind is missing: apt-get install valgrind' >&2; exit 2; }

program=$(cargo bench --bench instructions --no-run --message-format json |
  sed -n 's/.*"name":"instructions".*"executable":"\([^"]*\)".*/\1/p')
figures=benches/instructions.txt

instructions() { # workload
  local report decisions counted
  report=$(mktemp)
  decisions=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$report" \
    --toggle-collect='*counted_decisions*' "$program" "$1")
  counted=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$report")
  rm "$report"
  echo $((counted / decisions))
}

written='' worse=0
for workload in W1 W2 W3 W4 W5-1k W5-10k W6e W6f; do
  now=$(instructions "$workload")
  written+="$workload $now"$'\n'
  before=$(sed -n "s/^$workload //p" "$figures" 2>/dev/null || true)
  echo "$workload: $now instructions a decision${before:+, $before committed}"
  if [ -n "$before" ] && [ $((now * 100)) -gt $((before * 110)) ]; then
    worse=1
    echo "$workload takes more than 10 % more" >&2
  fi
done
if [ "${1:-}" = --write ]; then
  printf '%s' "$written" >"$figures"
  exit 0
fi
exit $worse
