import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keylessSigner } from '../../packages/signing/src/fulcio.ts'
import { generateKeys, readPrivateKey } from '../../packages/signing/src/keys.ts'
import { rekorWitness } from '../../packages/signing/src/rekor.ts'
import {
  attest,
  attestForTag,
  signImage,
  signImageForTag,
} from '../../packages/signing/src/sign.ts'
import { localSigner, type Signer } from '../../packages/signing/src/signer.ts'
import { timestampWitness } from '../../packages/signing/src/timestamp-authority.ts'
import type { Trust } from '../../packages/signing/src/trust.ts'
import { parseTrustedRoot } from '../../packages/signing/src/trusted-root.ts'
import { type Verdict, verifySignature } from '../../packages/signing/src/verify.ts'
import { expectRefusal, expectSuccess } from '../clients/behaviour.ts'
import { describeClient, startRegistry, type Registry } from '../clients/registry.ts'
import { writeSmallLayouts, type SmallLayouts } from '../fixtures/layout.ts'
import { startSigstore, type SigstoreStandIn } from '../stand-ins/sigstore.ts'
import { mustRun, requireTool, run, type CommandResult } from '../tools/process.ts'
import { fetchSignatures, storeSignature } from './stored-signatures.ts'

const password = 'a key of a test'
const somebody = 'builds@example.com'
const predicateType = 'https://slsa.dev/provenance/v1'
const predicate = {
  buildDefinition: { buildType: 'https://example.com/build', externalParameters: {} },
  runDetails: { builder: { id: 'https://example.com/builder' } },
}

describeClient('signing with cosign', ['cosign', 'crane', 'openssl'], () => {
  let registry: Registry
  let layouts: SmallLayouts
  let sigstore: SigstoreStandIn
  const file = (name: string): string => join(registry.scratch, name)

  const cosign = (args: string[]): Promise<CommandResult> =>
    run(requireTool('cosign'), args, {
      cwd: registry.scratch,
      env: {
        DOCKER_CONFIG: file('docker'),
        HOME: registry.scratch,
        COSIGN_PASSWORD: password,
      },
      timeoutSeconds: 60,
    })
  const image = (repository: string): string =>
    `${registry.host}/${repository}@${layouts.image.root.digest}`
  const subject = (): { digest: string } => ({ digest: layouts.image.root.digest })

  /** A repository of its own for each test, with the image in it. */
  const pushImage = async (repository: string): Promise<void> => {
    await mustRun(
      requireTool('crane'),
      ['push', layouts.image.directory, `${registry.host}/${repository}:latest`],
      { env: { DOCKER_CONFIG: file('docker') } },
    )
  }
  const verdicts = async (repository: string, trust: Trust): Promise<Verdict[]> => {
    const found = await fetchSignatures(registry, repository, layouts.image.root.digest)
    return Promise.all(found.map((material) => verifySignature(material, subject(), trust)))
  }
  const keyTrust = async (name: string): Promise<Trust> => ({
    identities: [
      { name: 'release', kind: 'key', publicKeyPem: await readFile(file(`${name}.pub`), 'utf8') },
    ],
    roots: [],
  })
  const keylessTrust = (): Trust => ({
    identities: [
      {
        name: 'builds',
        kind: 'keyless',
        issuer: sigstore.services.issuer,
        subject: { glob: '*@example.com' },
      },
    ],
    roots: [parseTrustedRoot('stand-in', sigstore.instance.trustedRoot())],
  })
  const keyless = async (): Promise<Signer> =>
    keylessSigner({
      identityToken: await sigstore.services.identityToken(somebody),
      fulcioUrl: sigstore.url,
      fetch,
    })
  const withKey = ['--yes', '--tlog-upload=false', '--use-signing-config=false']
  const verifyKeyless = (): string[] => [
    '--trusted-root',
    file('trusted_root.json'),
    '--certificate-identity',
    somebody,
    '--certificate-oidc-issuer',
    sigstore.services.issuer,
  ]
  const signKeyless = async (version: 1 | 2): Promise<string[]> => [
    '--yes',
    '--signing-config',
    file(`signing_config_${version}.json`),
    '--trusted-root',
    file('trusted_root.json'),
    '--identity-token',
    await sigstore.services.identityToken(somebody),
  ]

  beforeAll(async () => {
    registry = await startRegistry()
    layouts = await writeSmallLayouts(join(registry.scratch, 'layouts'), 'signing')
    sigstore = await startSigstore()
    await writeFile(file('trusted_root.json'), sigstore.instance.trustedRoot())
    for (const version of [1, 2] as const) {
      await writeFile(file(`signing_config_${version}.json`), sigstore.signingConfig(version))
    }
    await writeFile(file('predicate.json'), JSON.stringify(predicate))
    const { host, username } = registry
    const login = ['auth', 'login', host, '-u', username, '-p', registry.password]
    await mustRun(requireTool('crane'), login, { env: { DOCKER_CONFIG: file('docker') } })
    expectSuccess(await cosign(['generate-key-pair']))
  })

  afterAll(async () => {
    await sigstore?.stop()
    await registry?.stop()
  })

  describe('cosign signs, Berth verifies', () => {
    test('a bundle with a key', async () => {
      await pushImage('in/key')
      const args = ['sign', '--key', 'cosign.key', '-a', 'stage=release', ...withKey]
      expectSuccess(await cosign([...args, image('in/key')]))
      expect(await verdicts('in/key', await keyTrust('cosign'))).toEqual([
        {
          state: 'verified',
          identity: 'release',
          what: 'signature',
          predicateType: 'https://sigstore.dev/cosign/sign/v1',
          annotations: { stage: 'release' },
        },
      ])
    })

    test('a tag with a key', async () => {
      await pushImage('in/tag')
      const args = ['sign', '--key', 'cosign.key', '--new-bundle-format=false', ...withKey]
      expectSuccess(await cosign([...args, '-a', 'stage=release', image('in/tag')]))
      expect(await verdicts('in/tag', await keyTrust('cosign'))).toEqual([
        {
          state: 'verified',
          identity: 'release',
          what: 'signature',
          annotations: { stage: 'release' },
        },
      ])
    })

    test.each(['P-384', 'P-521', 'rsa'])('both with a key of the kind %s', async (kind) => {
      const repository = `in/${kind.toLowerCase()}`
      await pushImage(repository)
      const { privateKey } =
        kind === 'rsa'
          ? generateKeyPairSync('rsa', { modulusLength: 3072 })
          : generateKeyPairSync('ec', { namedCurve: kind })
      await writeFile(file('plain.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
      expectSuccess(await cosign(['import-key-pair', '-y', '--key', 'plain.pem', '-o', kind]))
      for (const newer of ['true', 'false']) {
        const args = ['sign', '--key', `${kind}.key`, `--new-bundle-format=${newer}`, ...withKey]
        expectSuccess(await cosign([...args, image(repository)]))
      }
      const found = await verdicts(repository, await keyTrust(kind))
      expect(found.map(({ state }) => state)).toEqual(['verified', 'verified'])
    })

    test.each([1, 2] as const)('a keyless bundle, logged in Rekor %i', async (version) => {
      const repository = `in/keyless${version}`
      await pushImage(repository)
      expectSuccess(await cosign(['sign', ...(await signKeyless(version)), image(repository)]))
      const [verdict, ...more] = await verdicts(repository, keylessTrust())
      expect(more).toEqual([])
      expect(verdict).toMatchObject({ state: 'verified', identity: 'builds', what: 'signature' })
      const signedAt = verdict?.state === 'verified' ? Date.parse(verdict.signedAt ?? '') : 0
      expect(Math.abs(Date.now() - signedAt)).toBeLessThan(120_000)
    })

    test('a keyless tag', async () => {
      await pushImage('in/keyless-tag')
      const args = ['sign', '--yes', '--new-bundle-format=false', '--use-signing-config=false']
      const services = ['--fulcio-url', sigstore.url, '--rekor-url', sigstore.url]
      const token = ['--identity-token', await sigstore.services.identityToken(somebody)]
      const trust = ['--trusted-root', file('trusted_root.json')]
      const all = [...args, ...services, ...token, ...trust, image('in/keyless-tag')]
      expectSuccess(await cosign(all))
      expect(await verdicts('in/keyless-tag', keylessTrust())).toMatchObject([
        { state: 'verified', identity: 'builds', what: 'signature' },
      ])
    })

    test('an attestation with a key, and it is no signature', async () => {
      await pushImage('in/attested')
      const about = ['--predicate', 'predicate.json', '--type', 'slsaprovenance1']
      for (const newer of ['true', 'false']) {
        const args = ['attest', '--key', 'cosign.key', `--new-bundle-format=${newer}`, ...withKey]
        expectSuccess(await cosign([...args, ...about, image('in/attested')]))
      }
      const trust = await keyTrust('cosign')
      const expected = { state: 'verified', what: 'attestation', predicateType, predicate }
      expect(await verdicts('in/attested', trust)).toMatchObject([expected, expected])
    })

    test('a keyless attestation', async () => {
      await pushImage('in/attested-keyless')
      const about = ['--predicate', 'predicate.json', '--type', 'slsaprovenance1']
      const args = ['attest', ...(await signKeyless(1)), ...about, image('in/attested-keyless')]
      expectSuccess(await cosign(args))
      const expected = { identity: 'builds', what: 'attestation', predicateType, predicate }
      expect(await verdicts('in/attested-keyless', keylessTrust())).toMatchObject([expected])
    })
  })

  describe('Berth signs, cosign verifies', () => {
    const annotations = { stage: 'release' }
    const offline = ['--insecure-ignore-tlog=true']
    let signer: Signer

    beforeAll(async () => {
      // Berth's own pair, which cosign has to understand.
      const pair = await generateKeys(password)
      await writeFile(file('berth.key'), pair.privateKeyPem)
      await writeFile(file('berth.pub'), pair.publicKeyPem)
      signer = localSigner(await readPrivateKey(pair.privateKeyPem, password))
    })

    test('cosign signs with a key that Berth made', async () => {
      await pushImage('out/own')
      expectSuccess(await cosign(['sign', '--key', 'berth.key', ...withKey, image('out/own')]))
      expect(await verdicts('out/own', await keyTrust('berth'))).toMatchObject([
        { state: 'verified' },
      ])
    })

    test('Berth signs with a key that cosign made', async () => {
      await pushImage('out/theirs')
      const key = await readPrivateKey(await readFile(file('cosign.key'), 'utf8'), password)
      const artifact = await signImage({ subject: subject(), signer: localSigner(key) })
      await storeSignature(registry, 'out/theirs', layouts.image.root, artifact)
      const args = ['verify', '--key', 'cosign.pub', ...offline, image('out/theirs')]
      expectSuccess(await cosign(args))
    })

    test('a bundle with a key, and its annotations', async () => {
      await pushImage('out/key')
      const artifact = await signImage({ subject: subject(), signer, annotations })
      await storeSignature(registry, 'out/key', layouts.image.root, artifact)
      const args = ['verify', '--key', 'berth.pub', ...offline]
      expectSuccess(await cosign([...args, '-a', 'stage=release', image('out/key')]))
      const other = ['verify', '--key', 'cosign.pub', ...offline, image('out/key')]
      expectRefusal(await cosign(other), /signature/i)
    })

    test('a bundle with an Ed25519 key', async () => {
      await pushImage('out/ed25519')
      const { privateKey, publicKey } = generateKeyPairSync('ed25519')
      await writeFile(file('ed25519.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
      const artifact = await signImage({ subject: subject(), signer: localSigner(privateKey) })
      await storeSignature(registry, 'out/ed25519', layouts.image.root, artifact)
      const args = ['verify', '--key', 'ed25519.pub', ...offline, image('out/ed25519')]
      expectSuccess(await cosign(args))
    })

    test('a tag with a key, added to the one that is there', async () => {
      await pushImage('out/tag')
      for (const stage of ['test', 'release']) {
        const artifact = await signImageForTag({
          subject: subject(),
          signer,
          reference: `${registry.host}/out/tag`,
          annotations: { stage },
        })
        await storeSignature(registry, 'out/tag', layouts.image.root, artifact)
      }
      const args = ['verify', '--key', 'berth.pub', '--new-bundle-format=false', ...offline]
      const verified = await cosign([...args, image('out/tag')])
      expectSuccess(verified)
      expect(verified.output).toMatch(/"stage": ?"test"/)
      expect(verified.output).toMatch(/"stage": ?"release"/)
    })

    test.each([1, 2] as const)('a keyless bundle, logged in Rekor %i', async (version) => {
      const repository = `out/keyless${version}`
      await pushImage(repository)
      const log = rekorWitness({ url: sigstore.url, version, fetch })
      const stamps = timestampWitness({ url: `${sigstore.url}/api/v1/timestamp`, fetch })
      const artifact = await signImage({
        subject: subject(),
        signer: await keyless(),
        witnesses: version === 1 ? [log] : [log, stamps],
      })
      await storeSignature(registry, repository, layouts.image.root, artifact)
      const stamped = version === 1 ? [] : ['--use-signed-timestamps']
      const args = ['verify', ...verifyKeyless(), ...stamped, image(repository)]
      expectSuccess(await cosign(args))
    })

    test('a keyless tag', async () => {
      await pushImage('out/keyless-tag')
      const artifact = await signImageForTag({
        subject: subject(),
        signer: await keyless(),
        witnesses: [rekorWitness({ url: sigstore.url, version: 1, fetch })],
        reference: `${registry.host}/out/keyless-tag`,
      })
      await storeSignature(registry, 'out/keyless-tag', layouts.image.root, artifact)
      const args = ['verify', ...verifyKeyless(), '--new-bundle-format=false']
      expectSuccess(await cosign([...args, image('out/keyless-tag')]))
    })

    test('an attestation with a key, as bundle and as tag', async () => {
      await pushImage('out/attested')
      const options = { subject: subject(), signer, predicateType, predicate }
      for (const artifact of [await attest(options), await attestForTag(options)]) {
        await storeSignature(registry, 'out/attested', layouts.image.root, artifact)
      }
      for (const newer of ['true', 'false']) {
        const args = ['verify-attestation', '--key', 'berth.pub', '--type', 'slsaprovenance1']
        const format = `--new-bundle-format=${newer}`
        expectSuccess(await cosign([...args, format, ...offline, image('out/attested')]))
      }
    })

    test('a keyless attestation', async () => {
      await pushImage('out/attested-keyless')
      const artifact = await attest({
        subject: subject(),
        signer: await keyless(),
        witnesses: [rekorWitness({ url: sigstore.url, version: 1, fetch })],
        predicateType,
        predicate,
      })
      await storeSignature(registry, 'out/attested-keyless', layouts.image.root, artifact)
      const args = ['verify-attestation', ...verifyKeyless(), '--type', 'slsaprovenance1']
      expectSuccess(await cosign([...args, image('out/attested-keyless')]))
    })
  })
})
