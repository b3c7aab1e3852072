#!/bin/sh
# Installs the plugin SDK into a temporary prefix, builds the examples from there with pkg-config and with CMake, as an author
# of a plugin would, and runs the C++ one's transcripts. The tree is then moved and used again: nothing may know its old place.
# Usage: installed_package.sh CMAKE CC CXX INSTALL_SCRIPT...
set -eu
cmake=$1 cc=$2 cxx=$3
shift 3
dir=$(mktemp -d /tmp/ab.XXXXXX)
trap 'rm -rf "$dir"' EXIT INT TERM

for script in "$@"; do
  "$cmake" -DCMAKE_INSTALL_PREFIX="$dir/first" -DCMAKE_INSTALL_CONFIG_NAME=Release -P "$script" >"$dir/install.log" || { cat "$dir/install.log"; exit 1; }
done
mv "$dir/first" "$dir/prefix"
prefix=$dir/prefix
examples=$prefix/share/doc/authbroker/examples
for file in include/abk/plugin.h include/abk/ext/facts.h include/abk/sdk.hpp include/abk/transcript.hpp share/authbroker/exports.map share/man/man7/authbroker-plugin.7; do
  test -s "$prefix/$file" || { echo "not installed: $file"; exit 1; }
done

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name authbroker-plugin.pc)")
export PKG_CONFIG_PATH
flags=$(pkg-config --cflags --libs authbroker-plugin)
strict="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
# The flags are words, on purpose.
# shellcheck disable=SC2086
$cc -std=c11 $strict -fPIC -shared "$examples/flatfile/flatfile.c" -o "$dir/flatfile.so" $flags
# shellcheck disable=SC2086
$cxx -std=c++20 $strict -fPIC -shared "$examples/tiny/tiny.cpp" -o "$dir/tiny.so" $flags
# shellcheck disable=SC2046
$cxx -std=c++20 $strict "$examples/tiny/tiny_test.cpp" -o "$dir/tiny_test" $(pkg-config --cflags authbroker-plugin) -ldl
"$dir/tiny_test" "$dir/tiny.so"
for so in flatfile tiny; do
  found=$(nm -D --defined-only "$dir/$so.so" | awk '{ print $3 }')
  test "$found" = abk_plugin_1 || { echo "$so.so shows: $found"; exit 1; }
done

for example in flatfile tiny; do
  "$cmake" -S "$examples/$example" -B "$dir/$example" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
  "$cmake" --build "$dir/$example" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
  test -s "$dir/$example/$example.so"
done
"$dir/tiny/tiny_test" "$dir/tiny/tiny.so"
echo "the installed package builds its examples"
