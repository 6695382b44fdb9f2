import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signNotation } from '../../packages/signing/src/sign-notation.ts'
import { makeNotationChain } from '../../packages/signing/src/testing/notation-samples.ts'
import type { Trust } from '../../packages/signing/src/trust.ts'
import { type Verdict, verifySignature } from '../../packages/signing/src/verify.ts'
import { expectRefusal, expectSuccess } from '../clients/behaviour.ts'
import { describeClient, startRegistry, type Registry } from '../clients/registry.ts'
import { writeSmallLayouts, type SmallLayouts } from '../fixtures/layout.ts'
import { mustRun, requireTool, run, type CommandResult } from '../tools/process.ts'
import { fetchSignatures, storeSignature } from './stored-signatures.ts'

describeClient('signing with notation', ['notation', 'crane'], () => {
  let registry: Registry
  let layouts: SmallLayouts
  const file = (name: string): string => join(registry.scratch, name)

  const notation = (args: string[]): Promise<CommandResult> =>
    run(requireTool('notation'), args, {
      cwd: registry.scratch,
      env: {
        DOCKER_CONFIG: file('docker'),
        HOME: registry.scratch,
        XDG_CONFIG_HOME: file('config'),
        NOTATION_USERNAME: registry.username,
        NOTATION_PASSWORD: registry.password,
      },
      timeoutSeconds: 60,
    })
  const image = (repository: string): string =>
    `${registry.host}/${repository}@${layouts.image.root.digest}`
  const subject = (): { digest: string } => ({ digest: layouts.image.root.digest })
  const pushImage = async (repository: string): Promise<void> => {
    const target = `${registry.host}/${repository}:latest`
    await mustRun(requireTool('crane'), ['push', layouts.image.directory, target], {
      env: { DOCKER_CONFIG: file('docker') },
    })
  }
  const verdicts = async (repository: string, trust: Trust): Promise<Verdict[]> => {
    const found = await fetchSignatures(registry, repository, layouts.image.root.digest)
    return Promise.all(found.map((material) => verifySignature(material, subject(), trust)))
  }
  const trustOf = async (certificate: string, subjects?: string[]): Promise<Trust> => ({
    identities: [
      {
        name: 'notation',
        kind: 'notation',
        certificates: [await readFile(certificate, 'utf8')],
        ...(subjects === undefined ? {} : { subjects }),
      },
    ],
    roots: [],
  })
  const plain = '--insecure-registry'

  beforeAll(async () => {
    registry = await startRegistry()
    layouts = await writeSmallLayouts(join(registry.scratch, 'layouts'), 'notation')
    await mkdir(file('docker'))
    const { host, username, password } = registry
    const login = ['auth', 'login', host, '-u', username, '-p', password]
    await mustRun(requireTool('crane'), login, { env: { DOCKER_CONFIG: file('docker') } })
    expectSuccess(await notation(['cert', 'generate-test', '--default', 'builds.test']))
    const policy = {
      version: '1.0',
      trustPolicies: [
        {
          name: 'all',
          registryScopes: ['*'],
          signatureVerification: { level: 'strict' },
          trustStores: ['ca:builds.test', 'ca:berth'],
          trustedIdentities: ['*'],
        },
      ],
    }
    await writeFile(file('policy.json'), JSON.stringify(policy))
    expectSuccess(await notation(['policy', 'import', 'policy.json']))
  })

  afterAll(() => registry?.stop())

  test('notation signs with RSA, Berth verifies', async () => {
    await pushImage('in/rsa')
    const args = ['sign', plain, '--signature-format', 'jws', '-m', 'stage=release']
    expectSuccess(await notation([...args, '--expiry', '1h', image('in/rsa')]))
    const certificate = file('config/notation/localkeys/builds.test.crt')
    const verified = {
      state: 'verified',
      identity: 'notation',
      what: 'signature',
      annotations: { stage: 'release' },
    }
    expect(await verdicts('in/rsa', await trustOf(certificate))).toEqual([verified])
    const named = await trustOf(certificate, ['CN=builds.test'])
    expect(await verdicts('in/rsa', named)).toEqual([verified])
    const other = await trustOf(certificate, ['CN=other.test'])
    expect(await verdicts('in/rsa', other)).toMatchObject([{ reason: 'identity-mismatch' }])
  })

  test('notation signs in COSE, which Berth names and refuses', async () => {
    await pushImage('in/cose')
    const args = ['sign', plain, '--signature-format', 'cose', image('in/cose')]
    expectSuccess(await notation(args))
    const trust = await trustOf(file('config/notation/localkeys/builds.test.crt'))
    expect(await verdicts('in/cose', trust)).toMatchObject([{ reason: 'not-supported' }])
  })

  test('Berth signs with ECDSA, notation verifies', async () => {
    await pushImage('out/ecdsa')
    const chain = await makeNotationChain()
    await writeFile(file('root.pem'), chain.pem[1])
    const add = ['cert', 'add', '--type', 'ca', '--store', 'berth', 'root.pem']
    expectSuccess(await notation(add))
    expectRefusal(await notation(['verify', plain, image('out/ecdsa')]), /no signature/i)
    const artifact = await signNotation({
      subject: layouts.image.root as never,
      signer: chain.signer,
      chain: chain.pem,
      annotations: { stage: 'release' },
      now: new Date(),
      expiry: new Date(Date.now() + 3_600_000),
    })
    await storeSignature(registry, 'out/ecdsa', layouts.image.root, artifact)
    const args = ['verify', plain, '-m', 'stage=release', image('out/ecdsa')]
    expectSuccess(await notation(args))
  })
})
