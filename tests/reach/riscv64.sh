#!/usr/bin/env bash
# riscv64.sh FOLDER: reach.sh with the cross compiler for riscv64; the examples run in qemu-user.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
mkdir -p "$1"
work=$(cd "$1" && pwd)
cat >"$work/riscv64.cross" <<'END_OF_FILE'
[binaries]
c = 'riscv64-linux-gnu-gcc'
ar = 'riscv64-linux-gnu-ar'
strip = 'riscv64-linux-gnu-strip'
pkgconfig = 'false'
cmake = 'false'
exe_wrapper = ['qemu-riscv64', '-L', '/usr/riscv64-linux-gnu']

[host_machine]
system = 'linux'
cpu_family = 'riscv64'
cpu = 'riscv64'
endian = 'little'
END_OF_FILE
export MESON_EXE_WRAPPER='qemu-riscv64 -L /usr/riscv64-linux-gnu'
exec "$here/reach.sh" "$work/riscv64" --cross-file "$work/riscv64.cross" -Doptimization=2
