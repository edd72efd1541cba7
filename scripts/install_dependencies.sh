#!/usr/bin/env bash
# Installs what fastintent needs from the distribution's own packages (Debian 12, Ubuntu 24.04 or newer).
#   scripts/install_dependencies.sh               to build and use it
#   scripts/install_dependencies.sh --wheel       to install a wheel that is there
#   scripts/install_dependencies.sh --developer   also for tests, benchmarks, sanitizers, fuzzing and checks
# Needs root, or sudo, only when a package is missing.
set -euo pipefail

packages=(
  g++ cmake ninja-build git
  libdnnl-dev                         # oneDNN: matrix products
  libhwy-dev                          # Highway: kernels for every instruction set
  libcli11-dev                        # command line
  nlohmann-json3-dev                  # small JSON files
  libfmt-dev                          # messages
  libxxhash-dev                       # checksums of packed weights and training states
  libcsv-dev                          # CSV of RFC 4180
  libcurl4-openssl-dev libssl-dev     # models from the Hugging Face hub, and their checksums
  libboost-dev                        # Beast and Asio: HTTP of the server
  prometheus-cpp-dev                  # metrics of the server
  ca-certificates python3 python3-pip # scripts/fetch_base_model.sh and the Python module
  python3-dev python3-venv            # the Python module and its wheel
)
case "${1:-}" in
'') ;;
--wheel) packages=(python3 python3-venv ca-certificates) ;;
--developer)
  packages+=(
    libgtest-dev libbenchmark-dev ccache
    clang libclang-rt-dev   # libFuzzer and the sanitizers' run time
    lld                     # links the tests
    doxygen                 # scripts/build_api_docs.sh
    zsh fish man-db         # they read what packaging/make_command_pages.py writes
    lintian                 # checks what scripts/build_debs.sh makes
    openjdk-17-jre-headless # Spark, in scripts/engines_tests.sh
  )
  ;;
*)
  echo "usage: $0 [--wheel | --developer]" >&2
  exit 64
  ;;
esac

is_installed() { [[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]; }

if ! command -v apt-get dpkg-query >/dev/null; then
  echo "install_dependencies: expected Debian or a relative of it, found no apt-get; install by hand:" >&2
  echo "  ${packages[*]}" >&2
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  echo "install_dependencies: everything is there" >&2
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "install_dependencies: expected root or sudo, found neither; missing: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

# apt is talkative: its words are shown only when it fails.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run_apt() {
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    echo "install_dependencies: apt-get $1 failed" >&2
    exit 1
  fi
}
echo "install_dependencies: installing ${missing[*]}" >&2
run_apt update
run_apt install -y --no-install-recommends "${missing[@]}"
