import { stringify } from 'yaml'
import { isPush, script, secret, type Step } from './github-step.ts'
import { type BuildGroup, type CiPlan, isArm, needsEmulation } from './ci-plan.ts'
import { uses, withVersions } from './pins.ts'
import { type SignIn, signInFor } from './sign-in.ts'
import { supplyChainSteps } from './github-supply-chain.ts'
import { supplyChainNeeds } from './supply-chain.ts'

type Job = Readonly<Record<string, unknown>>

const amd = 'ubuntu-24.04'
const arm = 'ubuntu-24.04-arm'
const nodeVersion = '24'
const variable = (name: string): string => `\${{ vars.${name} }}`

const ghcr: SignIn = {
  needs: ['nothing: the token of the workflow may push, through "packages: write"'],
  audience: undefined,
  variables: [],
  secrets: ['GITHUB_TOKEN'],
  script: [
    `printf '%s' "$GITHUB_TOKEN" | berth login ghcr.io --username "$GITHUB_ACTOR" --password-stdin`,
  ],
  exports: {},
}

/** The text of `.github/workflows/berth.yml`. */
export function githubWorkflow(plan: CiPlan): string {
  const signIn = plan.kind === 'ghcr' ? ghcr : signInFor(plan.registry, plan.kind)
  const native = plan.nativeArm ? plan.groups.filter(isSplit) : []
  const workflow = {
    name: 'berth',
    on: {
      push: {
        branches: plan.mainBranch === undefined ? ['main', 'master'] : [plan.mainBranch],
        tags: [`${plan.versionPrefix}*`],
      },
      pull_request: {},
      workflow_dispatch: {},
    },
    permissions: {},
    concurrency: {
      group: 'berth-${{ github.ref }}',
      'cancel-in-progress': "${{ github.event_name == 'pull_request' }}",
    },
    defaults: { run: { shell: 'bash' } },
    jobs: {
      ...(plan.hasLock && { lock: lockJob(plan) }),
      ...(native.length > 0 && { native: nativeJob(plan, signIn, native) }),
      publish: publishJob(plan, signIn, native),
    },
  }
  return `${head(plan, signIn)}${withVersions(stringify(workflow, { lineWidth: 0, aliasDuplicateObjects: false }))}`
}

/** A group that is built for both kinds of machines: each builds its own part, and the parts are put together. */
function isSplit({ platforms, cache }: BuildGroup): boolean {
  return cache !== undefined && platforms.some(isArm) && platforms.some((each) => !isArm(each))
}

function head(plan: CiPlan, signIn: SignIn): string {
  const lines = [
    `Made from ${plan.file} by "berth ci init --github". Run it again after services or platforms have changed.`,
    'Actions are named by commit; the comment behind each is its tag.',
    'It needs, in the settings of the repository (Secrets and variables, Actions):',
    ...(plan.source === undefined
      ? [
          '- variables BERTH_PACKAGE_URL and BERTH_PACKAGE_SHA256: where the package of berth lies, and its SHA-256',
        ]
      : []),
    ...signIn.needs.map((need) => `- ${need}`),
    ...plan.secrets.map((name) => `- secret ${name}: the build reads it`),
    ...(plan.supplyChain === undefined
      ? []
      : supplyChainNeeds(plan.supplyChain, 'secret BERTH_SIGNING_KEY').map((need) => `- ${need}`)),
  ]
  return lines.map((line) => `# ${line}\n`).join('')
}

function lockJob(plan: CiPlan): Job {
  return {
    'runs-on': amd,
    'timeout-minutes': 15,
    permissions: { contents: 'read' },
    steps: [...prepare(plan), { name: 'Check the lock file', run: 'berth lock verify' }],
  }
}

function nativeJob(plan: CiPlan, signIn: SignIn, groups: readonly BuildGroup[]): Job {
  const include = groups.flatMap(({ name, services, platforms, cache }) =>
    [false, true].map((isArmRunner) => {
      const own = platforms.filter((each) => isArm(each) === isArmRunner)
      return {
        group: name,
        services: services.join(' '),
        platforms: own.join(' '),
        runner: isArmRunner ? arm : amd,
        cache: cacheOf(cache, isArmRunner),
      }
    }),
  )
  return {
    if: isPush,
    ...(plan.hasLock && { needs: ['lock'] }),
    'runs-on': '${{ matrix.runner }}',
    'timeout-minutes': 60,
    permissions: permissionsOf(plan, signIn, false),
    strategy: { 'fail-fast': false, matrix: { include } },
    steps: [
      ...prepare(plan),
      ...emulation(
        groups.some(({ platforms }) =>
          platforms.some((each) => !/\/(?:amd64|386|arm64|arm)\b/.test(each)),
        ),
      ),
      { uses: uses('setupBuildx') },
      ...logIn(signIn),
      {
        name: 'Build natively, into the cache',
        env: { ...matrixEnv('services', 'platforms', 'cache'), ...secretEnv(plan.secrets) },
        run: script(
          'read -r -a names <<<"$SERVICES"',
          'read -r -a targets <<<"$PLATFORMS"',
          'berth build --no-push --service "${names[@]}" --platform "${targets[@]}" --cache-from "$CACHE" --cache-to "$CACHE"',
        ),
      },
    ],
  }
}

function publishJob(plan: CiPlan, signIn: SignIn, native: readonly BuildGroup[]): Job {
  const include = plan.groups.map((group) => {
    const { name, services, platforms, cache } = group
    const isArmOnly = plan.nativeArm && platforms.length > 0 && platforms.every(isArm)
    const caches = native.includes(group)
      ? [cacheOf(cache, false), cacheOf(cache, true)]
      : [cache].filter((each) => each !== undefined)
    return {
      group: name,
      services: services.join(' '),
      runner: isArmOnly ? arm : amd,
      emulate: needsEmulation(platforms, isArmOnly),
      'cache-from': caches.join(' '),
      'cache-to': native.includes(group) ? '' : (cache ?? ''),
    }
  })
  const needs = [...(plan.hasLock ? ['lock'] : []), ...(native.length > 0 ? ['native'] : [])]
  return {
    // A pull request skips what fills the caches, and is built all the same.
    ...(native.length > 0 && {
      if: "${{ !cancelled() && !contains(needs.*.result, 'failure') }}",
    }),
    ...(needs.length > 0 && { needs }),
    'runs-on': '${{ matrix.runner }}',
    'timeout-minutes': 60,
    permissions: permissionsOf(plan, signIn, plan.supplyChain?.scan !== undefined),
    strategy: { 'fail-fast': false, matrix: { include } },
    steps: [
      ...prepare(plan),
      ...(include.some(({ emulate }) => emulate)
        ? [{ if: 'matrix.emulate', uses: uses('setupQemu') }]
        : []),
      { uses: uses('setupBuildx') },
      ...logIn(signIn),
      {
        name: 'Show the tags',
        if: isPush,
        env: matrixEnv('services'),
        run: script(
          'read -r -a names <<<"$SERVICES"',
          'berth tags plan --service "${names[@]}" | tee -a "$GITHUB_STEP_SUMMARY"',
        ),
      },
      {
        name: 'Build, and push unless it is a pull request',
        env: {
          ...matrixEnv('services', 'cache-from', 'cache-to'),
          IS_PUSH: `\${{ ${isPush} }}`,
          ...secretEnv(plan.secrets),
        },
        run: script(
          'read -r -a names <<<"$SERVICES"',
          'read -r -a sources <<<"$CACHE_FROM"',
          'options=(--service "${names[@]}")',
          'if [ "${#sources[@]}" -gt 0 ]; then options+=(--cache-from "${sources[@]}"); fi',
          'if [ "$IS_PUSH" != true ]; then options+=(--no-push)',
          'elif [ -n "$CACHE_TO" ]; then options+=(--cache-to "$CACHE_TO"); fi',
          // Steps of their own do it, which are seen to fail by themselves.
          ...(plan.supplyChain === undefined ? [] : ['options+=(--no-scan --no-sign)']),
          'berth --json build "${options[@]}" > "$RUNNER_TEMP/build.json"',
          'jq . "$RUNNER_TEMP/build.json"',
        ),
      },
      ...(plan.supplyChain === undefined ? [] : supplyChainSteps(plan.supplyChain)),
    ],
  }
}

function prepare(plan: CiPlan): readonly Step[] {
  const { source } = plan
  return [
    { uses: uses('checkout'), with: { 'fetch-depth': 0, 'persist-credentials': false } },
    { uses: uses('setupNode'), with: { 'node-version': nodeVersion } },
    {
      name: 'Install berth',
      env: {
        BERTH_PACKAGE_URL: source?.url ?? variable('BERTH_PACKAGE_URL'),
        BERTH_PACKAGE_SHA256: source?.sha256 ?? variable('BERTH_PACKAGE_SHA256'),
      },
      run: script(
        ': "${BERTH_PACKAGE_URL:?is not set: the address of the package of berth}"',
        ': "${BERTH_PACKAGE_SHA256:?is not set: the SHA-256 of that package}"',
        'curl -fsSL --retry 3 -o "$RUNNER_TEMP/berth.tgz" "$BERTH_PACKAGE_URL"',
        'echo "$BERTH_PACKAGE_SHA256  $RUNNER_TEMP/berth.tgz" | sha256sum -c -',
        'npm install --global --ignore-scripts --no-audit --no-fund "$RUNNER_TEMP/berth.tgz"',
        'berth --version',
      ),
    },
  ]
}

function emulation(isNeeded: boolean): readonly Step[] {
  return isNeeded ? [{ uses: uses('setupQemu') }] : []
}

function logIn(signIn: SignIn): readonly Step[] {
  const exported = Object.entries(signIn.exports).map(
    ([name, value]) => `export ${name}="${value.replace('TEMP', '$RUNNER_TEMP')}"`,
  )
  const kept = [...Object.keys(signIn.exports), ...signIn.variables].map(
    (name) => `  echo "${name}=$${name}"`,
  )
  const audience = signIn.audience
  const token =
    audience === undefined
      ? []
      : [
          `BERTH_ID_TOKEN=$(curl -fsSL --retry 3 -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=${encodeURIComponent(audience)}" | jq -r .value)`,
          'echo "::add-mask::$BERTH_ID_TOKEN"',
        ]
  const given = signIn.variables.map((name) => [name, variable(name)])
  return [
    {
      name: 'Log in',
      // A pull request from a fork has no secrets, and pushes nothing.
      if: isPush,
      env: { ...Object.fromEntries(given), ...secretEnv(signIn.secrets) },
      run: script(
        ...exported,
        // Later steps need them too.
        ...(kept.length === 0 ? [] : ['{', ...kept, '} >> "$GITHUB_ENV"']),
        ...token,
        ...signIn.script,
      ),
    },
  ]
}

function permissionsOf(plan: CiPlan, signIn: SignIn, hasScan: boolean): Record<string, string> {
  return {
    contents: 'read',
    ...(plan.kind === 'ghcr' && { packages: 'write' }),
    ...(signIn.audience !== undefined && { 'id-token': 'write' }),
    ...(hasScan && { 'security-events': 'write' }),
  }
}

/** Values of the matrix reach the shell as variables, never as text of the script. */
function matrixEnv(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [name.toUpperCase().replaceAll('-', '_'), `\${{ matrix.${name} }}`]),
  )
}

function secretEnv(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, secret(name)]))
}

function cacheOf(cache: string | undefined, isArmRunner: boolean): string {
  return `${cache ?? ''}:buildcache-${isArmRunner ? 'arm64' : 'amd64'}`
}
