#!/usr/bin/env bash
# The reference case from end to end: Alibaba Cloud's own client, a gateway (NGINX, Envoy, axum) that asks ramgate, and a stand-in for the VPC API.
#
#   tools/end-to-end/run.sh
#
# Makes a virtual environment with what PyPI has of it; NGINX comes from the system (apt-get install nginx-light).
set -euo pipefail
cd "$(dirname "$0")/../.."
tools/end-to-end/install.sh
export PATH="$PWD/target/end-to-end/bin:$PATH"
cargo test -p ramgate-cli --test serve -- --nocapture examples
cargo test -p ramgate-tower --test example -- --nocapture
