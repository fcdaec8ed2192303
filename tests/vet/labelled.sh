#!/bin/sh
# labelled.sh LIFOGUARD-VET: what labelled/measure.py counts as found and as silent, on three small fixes.
set -eu
vet=$(realpath "$1")
cd "$(dirname "$0")/labelled"

python3 measure.py "$vet" sample | sed '$d' | diff sample/expected -
if python3 measure.py "$vet" sample unknown 2>/dev/null; then
    echo "a fix that fixes.tsv does not name is not refused"
    exit 1
fi
