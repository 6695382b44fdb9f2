import { stringify } from 'yaml'
import { type BuildGroup, type CiPlan, isArm, needsEmulation } from './ci-plan.ts'
import { type SignIn, signInFor } from './sign-in.ts'
import { advisoriesLine, type CiSupplyChain, failOnFlag, supplyChainNeeds } from './supply-chain.ts'

type Job = Readonly<Record<string, unknown>>

const armTag = 'saas-linux-medium-arm64'
const isMergeRequest = { if: "$CI_PIPELINE_SOURCE == 'merge_request_event'" }

const own: SignIn = {
  needs: ['nothing: the job has a login to the registry of its project'],
  audience: undefined,
  variables: [],
  secrets: [],
  script: [
    `printf '%s' "$CI_REGISTRY_PASSWORD" | berth login "$CI_REGISTRY" --username "$CI_REGISTRY_USER" --password-stdin`,
  ],
  exports: {},
}

/** The text of `.gitlab-ci.yml`. */
export function gitlabPipeline(plan: CiPlan): string {
  const signIn = plan.kind === 'gitlab' ? own : signInFor(plan.registry, plan.kind)
  const split = plan.nativeArm ? plan.groups.filter(isSplit) : []
  const main = plan.mainBranch === undefined ? '$CI_DEFAULT_BRANCH' : `"${plan.mainBranch}"`
  const pipeline = {
    workflow: {
      rules: [
        isMergeRequest,
        { if: `$CI_COMMIT_BRANCH == ${main}` },
        { if: `$CI_COMMIT_TAG =~ /^${plan.versionPrefix.replaceAll(/[./]/g, '\\$&')}/` },
        { if: "$CI_PIPELINE_SOURCE == 'web'" },
      ],
    },
    stages: ['check', ...(split.length > 0 ? ['native'] : []), 'publish'],
    variables: {
      DOCKER_HOST: 'tcp://docker:2376',
      DOCKER_TLS_CERTDIR: '/certs',
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: '/certs/client',
      GIT_DEPTH: '0',
      ...(plan.source !== undefined && {
        BERTH_PACKAGE_URL: plan.source.url,
        BERTH_PACKAGE_SHA256: plan.source.sha256,
      }),
    },
    default: { image: plan.images.node, interruptible: true, timeout: '1h' },
    ...(plan.hasLock && {
      lock: {
        stage: 'check',
        timeout: '15m',
        before_script: install(false),
        script: ['berth lock verify'],
      },
    }),
    ...Object.fromEntries(
      split.flatMap((group) =>
        [false, true].map((isArmRunner) => [
          `native:${group.name}:${isArmRunner ? 'arm64' : 'amd64'}`,
          nativeJob(plan, signIn, group, isArmRunner),
        ]),
      ),
    ),
    ...Object.fromEntries(
      plan.groups.map((group) => [
        `publish:${group.name}`,
        publishJob(plan, signIn, group, split.includes(group)),
      ]),
    ),
  }
  return `${head(plan, signIn)}${stringify(pipeline, { lineWidth: 0, aliasDuplicateObjects: false })}`
}

function isSplit({ platforms, cache }: BuildGroup): boolean {
  return cache !== undefined && platforms.some(isArm) && platforms.some((each) => !isArm(each))
}

function head(plan: CiPlan, signIn: SignIn): string {
  const lines = [
    `Made from ${plan.file} by "berth ci init --gitlab". Run it again after services or platforms have changed.`,
    'It needs runners that allow docker in docker, and in the settings of the project (CI/CD, Variables):',
    ...(plan.source === undefined
      ? [
          '- BERTH_PACKAGE_URL and BERTH_PACKAGE_SHA256: where the package of berth lies, and its SHA-256',
        ]
      : []),
    ...signIn.needs.map((need) => `- ${need}`),
    ...plan.secrets.map((name) => `- ${name}, masked: the build reads it`),
    ...(plan.supplyChain === undefined
      ? []
      : supplyChainNeeds(plan.supplyChain, 'BERTH_SIGNING_KEY, of the type File').map(
          (need) => `- ${need.replace('secret ', '')}`,
        )),
  ]
  return lines.map((line) => `# ${line}\n`).join('')
}

/** The node image is Alpine: what builds images comes from its packages, and berth from where the variables say. */
function install(withBuilder: boolean): readonly string[] {
  return [
    `apk add --no-cache curl git${withBuilder ? ' docker-cli docker-cli-buildx jq' : ''}`,
    ': "${BERTH_PACKAGE_URL:?is not set: the address of the package of berth}"',
    ': "${BERTH_PACKAGE_SHA256:?is not set: the SHA-256 of that package}"',
    'curl -fsSL --retry 3 -o /tmp/berth.tgz "$BERTH_PACKAGE_URL"',
    'echo "$BERTH_PACKAGE_SHA256  /tmp/berth.tgz" | sha256sum -c -',
    'npm install --global --ignore-scripts --no-audit --no-fund /tmp/berth.tgz',
    'berth --version',
    ...(withBuilder
      ? [
          'docker context create berth',
          'docker buildx create --use --name berth --driver docker-container berth',
        ]
      : []),
  ]
}

function builderParts(plan: CiPlan, signIn: SignIn, isEmulating: boolean): Job {
  return {
    services: [{ name: plan.images.dockerDaemon, alias: 'docker' }],
    ...(signIn.audience !== undefined && {
      id_tokens: { BERTH_ID_TOKEN: { aud: signIn.audience } },
    }),
    before_script: [
      ...install(true),
      ...(isEmulating
        ? [`docker run --privileged --rm ${plan.images.emulators} --install all`]
        : []),
    ],
  }
}

function logIn(signIn: SignIn): readonly string[] {
  const exported = Object.entries(signIn.exports).map(
    ([name, value]) => `export ${name}="${value.replace('TEMP', '/tmp')}"`,
  )
  return [...exported, ...signIn.script]
}

function nativeJob(plan: CiPlan, signIn: SignIn, group: BuildGroup, isArmRunner: boolean): Job {
  const platforms = group.platforms.filter((each) => isArm(each) === isArmRunner)
  const cache = cacheOf(group.cache, isArmRunner)
  return {
    stage: 'native',
    ...(isArmRunner && { tags: [armTag] }),
    rules: [{ ...isMergeRequest, when: 'never' }, { when: 'on_success' }],
    ...builderParts(plan, signIn, needsEmulation(platforms, isArmRunner)),
    script: [
      ...logIn(signIn),
      `berth build --no-push --service ${group.services.join(' ')} --platform ${platforms.join(' ')} --cache-from ${cache} --cache-to ${cache}`,
    ],
  }
}

function publishJob(plan: CiPlan, signIn: SignIn, group: BuildGroup, isNative: boolean): Job {
  const { name, services, platforms, cache } = group
  const isArmOnly = plan.nativeArm && platforms.length > 0 && platforms.every(isArm)
  const selected = `--service ${services.join(' ')}`
  const from =
    cache === undefined
      ? ''
      : ` --cache-from ${isNative ? `${cacheOf(cache, false)} ${cacheOf(cache, true)}` : cache}`
  const to = cache === undefined || isNative ? '' : ` --cache-to ${cache}`
  return {
    stage: 'publish',
    interruptible: false,
    ...(isArmOnly && { tags: [armTag] }),
    // Two pipelines at once would race for the same tags.
    resource_group: `berth/${name}`,
    ...builderParts(plan, signIn, needsEmulation(platforms, isArmOnly)),
    script: [
      [
        'if [ "$CI_PIPELINE_SOURCE" = merge_request_event ]; then',
        `  berth build --no-push ${selected}`,
        '  exit 0',
        'fi',
      ].join('\n'),
      ...logIn(signIn),
      `berth tags plan ${selected}`,
      `berth --json build ${selected}${from}${to}${plan.supplyChain === undefined ? '' : ' --no-scan --no-sign'} > build.json`,
      'jq . build.json',
      ...(plan.supplyChain === undefined ? [] : supplyChainLines(plan.supplyChain)),
    ],
    artifacts: { when: 'always', paths: ['build.json', '.berth/logs/'], expire_in: '1 week' },
  }
}

/** In this order: what a scan fails on is not signed. */
function supplyChainLines(chain: CiSupplyChain): readonly string[] {
  const { scan, sbom, sign } = chain
  const each = 'jq -r \'.services[] | .image as $image | .platforms[] | $image + "@" + .digest\''
  const roots = 'jq -r \'.services[] | .image + "@" + .digest\''
  const signing = sign?.kind === 'berth' ? `--berth-key ${sign.name}` : '--key "$BERTH_SIGNING_KEY"'
  return [
    ...(scan === undefined
      ? []
      : [
          advisoriesLine(chain),
          [
            'status=0',
            `for image in $(${each} build.json); do`,
            `  berth scan "$image"${failOnFlag(chain)} || status=$?`,
            'done',
            'if [ "$status" -ne 0 ]; then exit "$status"; fi',
          ].join('\n'),
        ]),
    ...(sbom
      ? [`for image in $(${each} build.json); do\n  berth sbom "$image" --attach\ndone`]
      : []),
    ...(sign === undefined
      ? []
      : [`for image in $(${roots} build.json); do\n  berth sign ${signing} "$image"\ndone`]),
  ]
}

function cacheOf(cache: string | undefined, isArmRunner: boolean): string {
  return `${cache ?? ''}:buildcache-${isArmRunner ? 'arm64' : 'amd64'}`
}
