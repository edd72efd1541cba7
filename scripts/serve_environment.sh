#!/usr/bin/env bash
# Prints the folder of a Python environment with clients of the protocols that fastintent-serve answers, as pinned in
# serve_requirements.txt.
set -euo pipefail
cd "$(dirname "$0")/.."

exec scripts/pinned_environment.sh serve scripts/serve_requirements.txt
