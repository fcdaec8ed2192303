#!/usr/bin/env bash
# build.sh NAME SOURCE PROGRAM [FOLDER]: builds the source with the library NAME, as pkg-config knows it, or as it stands in
# FOLDER: installed there (FOLDER/lib/pkgconfig, or only FOLDER/include and FOLDER/lib), or as FOLDER/NAME/NAME.c and
# NAME.h. If there is no such library, there is no PROGRAM afterwards.
set -euo pipefail
name=$1 source=$2 program=$3 folder=${4-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
module=$name
case $name in
glib) module=glib-2.0 ;;
esac
[[ ! $folder ]] || export PKG_CONFIG_PATH=$folder/lib/pkgconfig:$folder/share/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}

rm -f "$program"
if pkg-config --exists "$module"; then
    read -ra flags < <(pkg-config --cflags --libs "$module")
    flags+=("-Wl,-rpath,$(pkg-config --variable=libdir "$module")")
elif [[ $folder && -f $folder/include/$name.h ]]; then
    flags=("-I$folder/include" "-L$folder/lib" "-l${name#lib}" "-Wl,-rpath,$folder/lib")
elif [[ $folder && -f $folder/$name/$name.c && -f $folder/$name/$name.h ]]; then
    gcc -O2 -c -o "$program.o" "$folder/$name/$name.c"
    flags=("-I$folder/$name" "$program.o")
else
    exit 0
fi
gcc -std=gnu17 -O2 -I"$here/.." -o "$program" "$source" "$here/../cleanup.c" "${flags[@]}" -lpthread
