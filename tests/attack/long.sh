#!/usr/bin/env bash
# The long runs of the tests that CI runs a share of: 20,000 mutations a kind of file.
set -euo pipefail
cd "$(dirname "$0")/../.."
FILLSCAPE_MUTATIONS="${FILLSCAPE_MUTATIONS:-20000}" cargo test --test attack "$@" -- --nocapture
