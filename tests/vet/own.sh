#!/bin/sh
# own.sh LIFOGUARD-VET: this project's own code and its examples have no finding. The tests do wrong things on purpose, and so do the
# examples of mistakes.
set -eu
vet=$(realpath "$1")
cd "$(dirname "$0")/../.."
find src tools -name '*.c' ! -name '*_test.c' ! -path 'src/testing/*' -exec "$vet" --no-cache -q {} +
find examples -name '*.c' ! -path 'examples/mistakes/*' -exec "$vet" --no-cache -q {} +
