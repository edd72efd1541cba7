#!/usr/bin/env bash
# Installs each wheel where there is nothing but Python, and uses it: no compiler, no package of the system, no network.
#   scripts/test_wheel.sh WHEEL...
# The place is a folder with copies of an interpreter and of the C and C++ libraries, entered by chroot in namespaces of
# its own (unshare). FASTINTENT_BASE_MODEL names the base weights; without it a tiny random model is trained.
set -euo pipefail

if (($# == 0)); then
  echo "usage: $0 WHEEL..." >&2
  exit 64
fi
wheels=()
for wheel in "$@"; do wheels+=("$(realpath -- "$wheel")"); done
cd "$(dirname "$0")/.."

in_namespaces=(unshare --user --map-root-user --mount --pid --fork --net)
if ! "${in_namespaces[@]}" true; then
  echo "test_wheel: skipped, since this system permits no namespaces (unshare)" >&2
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# An interpreter that the wheel is for.
python_of() {
  local minors=
  case $(basename "$1") in
  *-abi3-*) minors="12 13 14" ;;
  *-cp3[0-9][0-9]-*) minors=$(basename "$1" | sed -E 's/.*-cp3([0-9]+)-.*/\1/') ;;
  esac
  # The minor numbers are words.
  # shellcheck disable=SC2086
  scripts/find_python.sh $minors
}

# Copies an interpreter and what it loads into a new root.
make_root() {
  local root=$1 python=$2 program library standard
  program=$("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))')
  standard=$("$python" -c 'import os; print(os.path.dirname(os.__file__))')
  mkdir -p "$root"/{dev,proc,tmp,etc}
  touch "$root"/dev/{null,urandom} "$root/etc/passwd"
  for folder in bin lib lib64; do
    if [[ -L /$folder ]]; then # to usr/
      mkdir -p "$root/$(readlink "/$folder")"
      ln -s "$(readlink "/$folder")" "$root/$folder"
    fi
  done
  tar -C / --exclude='*/site-packages/*' --exclude='*/dist-packages/*' --exclude='*/test/*' --exclude='*/config-3*' \
    --exclude=__pycache__ -cf - "${program#/}" "${standard#/}" | tar -C "$root" -xf -
  # The wheel may count on the last two (manylinux).
  for library in $(ldd "$program" "$standard"/lib-dynload/*.so | grep -o '/[^ :)]*' | grep -v lib-dynload | sort -u) \
    "$(c++ -print-file-name=libstdc++.so.6)" "$(c++ -print-file-name=libgcc_s.so.1)"; do
    library=$(realpath --no-symlinks "$library")
    mkdir -p "$root$(dirname "$library")"
    cp --dereference "$library" "$root$library"
  done
  "$python" -c 'import ensurepip, pathlib, sysconfig
folders = [sysconfig.get_config_var("WHEEL_PKG_DIR"), pathlib.Path(ensurepip.__file__).parent / "_bundled"]
print(next(file for folder in folders if folder for file in pathlib.Path(folder).glob("pip-*.whl")))' |
    xargs -I{} cp {} "$root/pip.whl"
  echo "$program"
}

for wheel in "${wheels[@]}"; do
  name=$(basename "$wheel")
  if ! python=$(python_of "$wheel"); then
    echo "test_wheel: expected an interpreter for $name, found none" >&2
    exit 1
  fi
  root=$work/root
  program=$(make_root "$root" "$python")
  cp "$wheel" "$root/"
  cp -r examples data "$root/"
  mkdir -p "$root/tests"
  cp -r tests/wheel "$root/tests/"
  cp -rL "${FASTINTENT_BASE_MODEL:-tests/golden/bert_base/model}" "$root/base"
  # shellcheck disable=SC2016 # expanded inside
  "${in_namespaces[@]}" bash -euc '
    root=$1 program=$2 wheel=$3
    mount -t proc proc "$root/proc"
    mount --bind /dev/null "$root/dev/null"
    mount --bind /dev/urandom "$root/dev/urandom"
    chroot=$(command -v chroot)
    inside() { env -i HOME=/tmp PATH=/env/bin "$@"; }
    inside "$chroot" "$root" "$program" -m venv --without-pip /env
    inside PYTHONPATH=/pip.whl "$chroot" "$root" /env/bin/python -m pip install --quiet --no-index --no-deps "/$wheel"
    inside "$chroot" "$root" /env/bin/python -B /tests/wheel/bare_machine_test.py
  ' - "$root" "$program" "$name"
  echo "$name: works without anything but Python" >&2
  rm -rf "$root"
done
