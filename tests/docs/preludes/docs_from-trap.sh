# shellcheck shell=bash disable=SC2034
# What the scripts of docs/from-trap.md use and do not set.
eval "$(lifoguard shell-init bash)"
tmp=$(mktemp -d) id=container versions='1 2'
