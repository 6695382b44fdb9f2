import * as z from 'zod'
import { repositoryName } from './repositories.ts'
import { defineRoute } from './route.ts'

const nothing = z.strictObject({})
const topic = 'Signatures'
const time = z.iso.datetime()

const imageParams = z.strictObject({
  repository: repositoryName,
  reference: z.string().min(1).max(256).describe('A tag or a digest.'),
})

const verdict = z.strictObject({
  source: z.string().describe('Digest of the manifest that carries it.'),
  position: z.int().describe('Which of its layers, from 0.'),
  state: z.enum(['verified', 'refused']),
  what: z.enum(['signature', 'attestation']),
  identity: z
    .string()
    .describe('Name of the trusted identity that signed; an empty text when refused.'),
  predicateType: z.string().describe('What an attestation states, as a URI.'),
  reason: z.string().describe('Why it was refused, as a word.'),
  message: z.string().describe('Why it was refused, for people.'),
  signedAt: time.nullable(),
  verifiedAt: time,
})

const verdicts = z.strictObject({
  digest: z.string(),
  signedBy: z.array(z.string()).describe('Trusted identities with a good signature, by name.'),
  items: z.array(verdict).describe('Every signature and attestation that was found, at most 200.'),
})

export const readSignatures = defineRoute({
  id: 'readSignatures',
  method: 'GET',
  path: '/repositories/{repository}/manifests/{reference}/signatures',
  topic,
  summary: 'Read who signed an image, and why other signatures do not count',
  description:
    'Signatures are judged when they arrive and when the trusted identities change, not when this is read.',
  params: imageParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: verdicts,
  problems: ['notFound'],
  versioned: false,
})

const material = z.strictObject({
  uri: z.string(),
  digest: z.string().describe('`algorithm:value`; empty when it is not said.'),
})

const provenance = z.strictObject({
  source: z.string().describe('Digest of the manifest that carries it.'),
  subject: z.string().describe('The image that it is about: this one, or one of an index.'),
  state: z
    .enum(['verified', 'unsigned', 'refused'])
    .describe('`unsigned`: whoever may push can have written it.'),
  identity: z.string().describe('Name of the trusted identity; empty unless verified.'),
  predicateType: z.string(),
  signedAt: time.nullable(),
  message: z.string().describe('Why there is no build to tell of, for people.'),
  build: z
    .strictObject({
      builder: z.string(),
      buildType: z.string(),
      source: material.nullable().describe('What was built.'),
      entryPoint: z.string().describe('Where in the source the build is described.'),
      invocation: z.string().describe('The run of the builder.'),
      startedOn: z.string().nullable(),
      finishedOn: z.string().nullable(),
      materials: z.array(material).describe('What went into it, the first 200.'),
      materialCount: z.int(),
    })
    .nullable(),
})

export const readProvenance = defineRoute({
  id: 'readProvenance',
  method: 'GET',
  path: '/repositories/{repository}/manifests/{reference}/provenance',
  topic,
  summary: 'Read how an image was built, as its builder states it',
  description:
    'SLSA provenance 0.2 and 1: signed attestations, which are judged now, and the statements that BuildKit adds to an index, which nobody signed. The verified first, 40 at most.',
  params: imageParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: z.strictObject({ digest: z.string(), items: z.array(provenance) }),
  problems: ['notFound'],
  versioned: false,
  open: true,
})

export const verifySignatures = defineRoute({
  id: 'verifySignatures',
  method: 'POST',
  path: '/repositories/{repository}/manifests/{reference}/signatures/verify',
  topic,
  summary: 'Judge the signatures of an image now',
  params: imageParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: verdicts,
  problems: ['notFound'],
  versioned: false,
})

export const signManifest = defineRoute({
  id: 'signManifest',
  method: 'POST',
  path: '/repositories/{repository}/manifests/{reference}/signatures',
  topic,
  summary: 'Sign an image with a key that Berth holds',
  description:
    'The key belongs to the project of the repository or to one above it. The signature is stored as a referrer of the image, as cosign 3 does.',
  params: imageParams,
  query: nothing,
  body: z.strictObject({
    key: z.string().min(1).max(100).describe('Name of the signing key.'),
    annotations: z
      .record(z.string().min(1).max(256), z.string().max(4096))
      .optional()
      .describe('Said in the signature, at most 64.'),
  }),
  status: 201,
  answer: z.strictObject({
    digest: z.string().describe('Digest of the signed manifest.'),
    signature: z.string().describe('Digest of the manifest that carries the signature.'),
  }),
  problems: ['notFound', 'conflict'],
  versioned: false,
})
