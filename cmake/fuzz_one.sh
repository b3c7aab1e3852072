#!/bin/bash
# Runs one fuzz target for $fuzz_seconds from its corpus; leaves a .log and, if nothing was found, an .ok in $results.
set -euo pipefail
target=$1
name=$(basename "$target")
found=build/fuzz/corpus/${name#fuzz_}
seeds=tests/fuzz/corpus/${name#fuzz_}
mkdir -p "$found"
where=("$found")
[ ! -d "$seeds" ] || where+=("$seeds")
if "$target" -max_total_time="${fuzz_seconds:?}" -timeout=10 -rss_limit_mb=2048 -max_len=8192 -artifact_prefix="${results:?}/$name-" -print_final_stats=1 \
  "${where[@]}" >"$results/$name.log" 2>&1; then
  touch "$results/$name.ok"
fi
