#!/bin/sh
# Draws assets/console.svg anew: the real event loop over the demo tenant, on a screen in memory, by a clock that stands still.
set -eu
cd "$(dirname "$0")/.."
ENTRIAGE_RECORD=1 cargo test --quiet --locked --test recording
