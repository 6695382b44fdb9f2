import { isPush, script, secret, type Step } from './github-step.ts'
import { advisoriesLine, type CiSupplyChain, failOnFlag } from './supply-chain.ts'

const result = '"$RUNNER_TEMP/build.json"'
/** Image by digest for each platform, and the name under which GitHub keeps its findings apart. */
const eachPlatform = `jq -r '.services[] | .image as $image | .platforms[] | $image + "@" + .digest + " " + $image + "/" + .platform' ${result}`
const eachImage = `jq -r '.services[] | .image + "@" + .digest' ${result}`

/** Steps behind the push. In this order: what a scan fails on is not signed. */
export function supplyChainSteps(chain: CiSupplyChain): readonly Step[] {
  return [
    ...(chain.scan === undefined
      ? []
      : [
          { name: 'Bring in advisories', if: isPush, run: script(advisoriesLine(chain)) },
          scanStep(chain),
        ]),
    ...(chain.sbom ? [sbomStep()] : []),
    ...(chain.sign === undefined ? [] : [signStep(chain.sign)]),
  ]
}

/** No action for the upload: it is one call, and needs no code of anybody else. */
function scanStep(chain: CiSupplyChain): Step {
  return {
    name: 'Scan for known vulnerabilities',
    if: isPush,
    env: { GH_TOKEN: secret('GITHUB_TOKEN') },
    run: script(
      'failed=0',
      'while read -r image category; do',
      '  code=0',
      `  berth scan "$image"${failOnFlag(chain)} --format sarif --output "$RUNNER_TEMP/found.sarif" < /dev/null || code=$?`,
      '  # 9: it has findings as bad as that, and the report is written.',
      '  if [ "$code" -ne 0 ] && [ "$code" -ne 9 ]; then exit "$code"; fi',
      '  if [ "$code" -eq 9 ]; then failed=9; echo "::error::$image has findings that it may not have"; fi',
      '  jq --arg id "$category/" \'.runs[].automationDetails.id = $id\' "$RUNNER_TEMP/found.sarif" | gzip -c | base64 -w0 > "$RUNNER_TEMP/found.b64"',
      '  gh api --method POST "repos/$GITHUB_REPOSITORY/code-scanning/sarifs" -f commit_sha="$GITHUB_SHA" -f ref="$GITHUB_REF" -F sarif=@"$RUNNER_TEMP/found.b64" -f tool_name=berth < /dev/null',
      `done < <(${eachPlatform})`,
      'exit "$failed"',
    ),
  }
}

function sbomStep(): Step {
  return {
    name: 'Attach SBOMs',
    if: isPush,
    run: script(
      'while read -r image _; do',
      '  berth sbom "$image" --attach < /dev/null',
      `done < <(${eachPlatform})`,
    ),
  }
}

function signStep(key: NonNullable<CiSupplyChain['sign']>): Step {
  const isOwn = key.kind === 'file'
  return {
    name: 'Sign',
    if: isPush,
    ...(isOwn && {
      env: {
        BERTH_SIGNING_KEY: secret('BERTH_SIGNING_KEY'),
        BERTH_KEY_PASSWORD: secret('BERTH_KEY_PASSWORD'),
      },
    }),
    run: script(
      'while read -r image; do',
      isOwn
        ? '  printf \'%s\\n\' "$BERTH_SIGNING_KEY" | berth sign --key - "$image"'
        : `  berth sign --berth-key ${key.name} "$image" < /dev/null`,
      `done < <(${eachImage})`,
    ),
  }
}
