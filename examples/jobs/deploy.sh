#!/usr/bin/env -S lifoguard exec bash
# shellcheck shell=bash
# A deployment that is rolled back unless it succeeds: the old version stays until the new one has been looked at.
#     deploy.sh TARGET VERSION
set -euo pipefail
eval "$(lifoguard shell-init bash)"
target=$1
version=$2

# One at a time: the lock is free again when this script ends, however it ends.
if [[ -z ${DEPLOY_LOCKED-} ]]; then
    DEPLOY_LOCKED=1 exec lifoguard lock "deploy-$(basename "$target")" -- bash "$0" "$@"
fi

point_to() { ln -sfn "$2" "$1/current.new" && mv -T "$1/current.new" "$1/current"; }

release=$target/releases/$version
old=$(readlink "$target/current" || true)

# On disk before the directory is: if the power fails in between, `lifoguard recover --all` removes it at boot.
acquire --name release --undo rm -rf "$release" -- mkdir -p "$release"
echo "version $version" >"$release/index.html"

if [[ -n $old ]]; then
    defer --on-failure --name rollback point_to "$target" "$old"
fi
point_to "$target" "releases/$version"

lifoguard with --timeout 30s -- grep -q "version $version" "$target/current/index.html"

# It is good, and stays: the cleanup is not wanted any more.
dismiss release
echo "$version is deployed"
