#!/usr/bin/env bash
# site_test.sh SITE [PICTURES]: the built site in a browser (browser.py), and the cheat sheet on paper: one page, A4.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python3 "$here/links.py" "$1"
python3 "$here/browser.py" "$@"
paper=$(pdfinfo "$1/cheatsheet.pdf" | grep -E '^(Pages|Page size):' | tr -s ' ' | tr '\n' ' ')
[[ $paper == 'Pages: 1 Page size: 841.89 x 595.276 pts (A4) ' ]] || { echo "FAIL: the cheat sheet: $paper" && exit 1; }
