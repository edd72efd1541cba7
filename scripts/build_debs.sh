#!/usr/bin/env bash
# Makes the Debian packages fastintent and libfastintent-dev in dist/, for the release of Debian or Ubuntu that it runs
# on, and checks them with lintian where that is installed.
#   scripts/build_debs.sh [BUILD_FOLDER]   BUILD_FOLDER: a finished build to pack; default: the preset release, built
set -euo pipefail
if (($# > 1)) || [[ "${1:-}" == -* ]]; then
  echo "usage: $0 [BUILD_FOLDER]" >&2
  exit 64
fi
cd "$(dirname "$0")/.."

build=${1:-build/release}
if (($# == 0)); then
  cmake --preset release >&2
  cmake --build --preset release >&2
fi
# The dates in the packages are that of the commit, so that two runs make equal packages.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
mkdir -p dist
rm -f dist/fastintent_*.deb dist/libfastintent-dev_*.deb
umask 022 # of the folders in the packages
cpack --config "$build/CPackConfig.cmake" -B dist/deb >&2
mv dist/deb/*.deb dist/
rm -r dist/deb
if command -v lintian >/dev/null; then
  # Only Debian's own first upload closes a bug.
  lintian --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs dist/*.deb >&2
else
  echo "build_debs: lintian is not installed (apt-get install lintian), so the packages were not checked" >&2
fi
printf '%s\n' dist/*.deb
