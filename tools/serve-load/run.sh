#!/usr/bin/env bash
# Builds the decision point and what it is measured beside, puts it under load and prints its figures; `--write docs/serve-load.md` puts
# them there.
# Needs wrk, h2load, curl, taskset, python3 and two processors; with npm, Cerbos is measured beside it. Arguments go to measure.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
for tool in wrk h2load curl taskset python3; do
  command -v "$tool" >/dev/null || { echo "run.sh: $tool is missing (Debian: wrk, nghttp2-client, curl, util-linux, python3)" >&2; exit 2; }
done
cargo build --release -p ramgate-cli -p serve-load
target="${CARGO_TARGET_DIR:-target}"
arguments=(--binaries "$target/release")
if command -v npm >/dev/null; then
  npm install --silent --no-save --prefix "$target/serve-load" @cerbos/cerbos-linux-x64@0.51.0 >&2 &&
    arguments+=(--cerbos "$target/serve-load/node_modules/@cerbos/cerbos-linux-x64/cerbos-linux-x64")
fi
exec python3 tools/serve-load/measure.py "${arguments[@]}" "$@"
