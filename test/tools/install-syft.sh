#!/bin/bash
# Installs syft, which the tests and the benchmark of the catalogue compare with, and cargo-auditable into
# <repository>/.tools/bin, and the Debian packages that their images are made of. Safe to repeat.
#
#   bash test/tools/install-syft.sh
#
# What cannot be had is named in the last lines; the tests decide (skipped on a plain machine, a failure where CI=true).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$root/.tools/bin
version=v1.57.1
stamp=$bin/.syft-$version
mkdir -p "$bin"

packages=(debootstrap rpm python3-pip python3-venv libcommons-lang3-java libcommons-io-java liblog4j2-java)

absent=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || absent+=("$package")
done
if [ ${#absent[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -o DPkg::Lock::Timeout=300 update -q
    apt-get -o DPkg::Lock::Timeout=300 install -q -y --no-install-recommends "${absent[@]}" || echo "missing: Debian packages ${absent[*]}"
  else
    echo "missing: Debian packages (${absent[*]}): installing them takes root"
  fi
fi

if [ ! -x "$bin/syft" ] || [ ! -e "$stamp" ]; then
  if ! command -v go >/dev/null; then
    echo 'missing: syft: needs Go, which is not on the PATH'
    exit 0
  fi
  log=$root/.tools/install-syft.log
  echo "building syft $version"
  rm -f "$bin/.syft-"*
  if GOFLAGS='-trimpath -buildvcs=false' CGO_ENABLED=0 GOBIN=$bin \
    nice -n 10 go install -p 2 -ldflags="-s -w -X main.version=${version#v}" "github.com/anchore/syft/cmd/syft@$version" >"$log" 2>&1; then
    touch "$stamp"
    rm -f "$log"
  else
    echo "missing: syft: $(grep -v '^go: downloading' "$log" | tail -n 1)"
  fi
fi
auditable=0.7.7
if [ ! -x "$bin/cargo-auditable" ] || [ ! -e "$bin/.cargo-auditable-$auditable" ]; then
  log=$root/.tools/install-cargo-auditable.log
  echo "building cargo-auditable $auditable"
  if nice -n 10 cargo install cargo-auditable --version "$auditable" --locked --root "$root/.tools" >"$log" 2>&1; then
    touch "$bin/.cargo-auditable-$auditable"
    rm -f "$log"
  else
    echo "missing: cargo-auditable: $(tail -n 1 "$log")"
  fi
fi
echo "tools: $bin"
