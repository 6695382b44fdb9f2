#!/bin/bash
# What the README promises: after `npm ci`, `npm start` on a machine whose own Node.js may be an old one
# is ready in 3 s, and an image goes up and comes down. Uses free ports and a temporary data folder.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
crane=$root/.tools/bin/crane
[ -x "$crane" ] || crane=$(command -v crane)
folder=$(mktemp -d)
starter=

# npm starts a shell that starts the server: the whole family has to end.
descendants() {
  local child
  for child in $(pgrep -P "$1" || true); do
    descendants "$child"
    echo "$child"
  done
}
stop() {
  local family pid
  if [ -n "$starter" ]; then
    family="$(descendants "$starter") $starter"
    kill -TERM $family 2>/dev/null || true
    for _ in $(seq 100); do
      kill -0 $family 2>/dev/null || break
      sleep 0.1
    done
    for pid in $family; do kill -KILL "$pid" 2>/dev/null || true; done
  fi
  rm -rf "$folder"
}
trap stop EXIT

port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
host=127.0.0.1:$port
echo "Node.js of this machine: $(node --version)"

# A busy machine may take longer once; three starts in a row that do are no accident.
milliseconds=3000
for attempt in 1 2 3; do
  if [ "$attempt" -gt 1 ]; then
    stop
    starter=
    mkdir -p "$folder"
  fi
  begin=$(date +%s%N)
  BERTH_HTTP__PORT=$port BERTH_METRICS__PORT=0 BERTH_DATA_DIRECTORY=$folder/data npm start >"$folder/log" 2>&1 &
  starter=$!
  until curl -fs -o /dev/null "http://$host/readyz"; do
    if ! kill -0 "$starter" 2>/dev/null || [ $(($(date +%s%N) - begin)) -gt 20000000000 ]; then
      echo 'npm start did not become ready'
      cat "$folder/log"
      exit 1
    fi
    sleep 0.02
  done
  milliseconds=$((($(date +%s%N) - begin) / 1000000))
  echo "ready after $milliseconds ms"
  if [ "$milliseconds" -lt 3000 ]; then break; fi
done
if [ "$milliseconds" -ge 3000 ]; then
  echo 'that is more than 3 s, three times'
  exit 1
fi

password=$(sed 's/\x1b\[[0-9;]*m//g' "$folder/log" | grep -ioE 'password:? +[^ ]{8,}' | head -n 1 | sed -E 's/^[^ ]+ +//')
if [ -z "$password" ]; then
  echo 'the first start showed no password'
  cat "$folder/log"
  exit 1
fi

export DOCKER_CONFIG=$folder/docker
mkdir -p "$folder/files" "$DOCKER_CONFIG"
head -c 3000000 /dev/urandom >"$folder/files/random.bin"
tar -C "$folder/files" -cf "$folder/layer.tar" random.bin
"$crane" auth login "$host" -u admin -p "$password"
"$crane" append -f "$folder/layer.tar" -t "$host/smoke/image:first"
"$crane" pull --format=oci "$host/smoke/image:first" "$folder/pulled"
"$crane" export "$host/smoke/image:first" - | tar -xOf - random.bin | cmp - "$folder/files/random.bin"
if curl -fs -o /dev/null "http://$host/v2/smoke/image/manifests/first"; then
  echo 'an image was served without credentials'
  exit 1
fi
echo 'login, push and pull: good'
