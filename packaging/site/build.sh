#!/usr/bin/env bash
# build.sh ROOT OUTPUT VERSION SPHINX-BUILD WEASYPRINT: builds the static site in OUTPUT/html, with the cheat sheet as a PDF, and
# checks the links.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$1 output=$2 sphinx=$4 weasyprint=$5
export LIFOGUARD_VERSION=$3 PYTHONDONTWRITEBYTECODE=1
python=$(sed -n '1s/^#! *//p' "$sphinx") # the scripts need what Sphinx needs, and another python3 may come first
rm -rf "$output/html" "$output/source" "$output/doctrees"
"$python" "$here/site.py" "$root" "$output/source"
"$sphinx" -q -W --keep-going -b html -d "$output/doctrees" "$output/source" "$output/html"
rm -f "$output/html/.buildinfo" "$output/html/objects.inv"
"$python" "$here/cheatsheet.py" "$root/docs/cheatsheet.md" "$LIFOGUARD_VERSION" >"$output/cheatsheet.html"
"$weasyprint" --quiet "$output/cheatsheet.html" "$output/html/cheatsheet.pdf"
"$python" "$here/links.py" "$output/html"
