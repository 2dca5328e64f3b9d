#!/usr/bin/env bash
set -euo pipefail

LIMIT=10

# Says hello.
hello() {
  echo "hello $1"
}

function goodbye {
  echo "bye"
}

hello world
