#!/bin/bash
# Installs the reference implementations that the orders of versions are tested against: Debian's packages, and Maven's
# jar in <repository>/.tools/java. Safe to repeat. What cannot be had does not stop the rest; the tests decide.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
maven_version=3.10.0
packages=(maven default-jdk-headless binutils rpm db-util libdpkg-dev gcc libc6-dev python3-packaging ruby php-cli php-composer-semver)

absent=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || absent+=("$package")
done
if [ ${#absent[@]} -gt 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=600 update -q
  apt-get -o DPkg::Lock::Timeout=600 install -q -y --no-install-recommends "${absent[@]}"
fi

if [ ! -e "$root/.tools/java/maven-artifact-$maven_version.jar" ]; then
  mvn -q -B dependency:copy "-Dartifact=org.apache.maven:maven-artifact:$maven_version" \
    "-DoutputDirectory=$root/.tools/java" -Dmdep.stripClassifier=true
fi
exit 0
