import * as z from 'zod'
import { projectName, projectParams } from './projects.ts'
import { defineRoute } from './route.ts'

const nothing = z.strictObject({})
const topic = 'Signatures'
const collection = '/projects/{project}/trusted-identities'
const instance = '/system/trusted-identities'

/** Names of identities and keys: what policies say in `signedBy`. */
export const signerName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/)
  .describe('Lower-case letters, digits, `.`, `_` and `-`.')

const pem = z.string().min(1).max(20_000)
const pattern = z
  .string()
  .min(1)
  .max(1024)
  .describe('The whole text; `*` stands for any characters.')

/** Who signs, and how that is known. */
export const identity = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('key'),
    publicKey: pem.describe('Public key as PEM (SPKI).'),
  }),
  z.strictObject({
    kind: z.literal('keyless'),
    issuer: pattern.describe(
      'Who issued the identity token, such as `https://token.actions.githubusercontent.com`. `*` stands for any characters.',
    ),
    subject: pattern.describe(
      'The identity in the certificate: an address or a URI. `*` stands for any characters.',
    ),
  }),
  z.strictObject({
    kind: z.literal('notation'),
    certificates: z
      .array(pem)
      .min(1)
      .max(20)
      .describe('Certificates of the authorities that are trusted, as PEM.'),
    subject: pattern
      .optional()
      .describe('Subject of the signing certificate, such as `CN=release,O=Acme*`.'),
  }),
])

const input = z.strictObject({ name: signerName, identity })

const trusted = z.strictObject({
  ...input.shape,
  project: z.string().max(200).describe('Where it stands; an empty text is the instance.'),
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
})

const list = z.strictObject({
  items: z
    .array(trusted)
    .describe('Those of the project itself first, then those of the projects above it.'),
})

export const listTrustedIdentities = defineRoute({
  id: 'listTrustedIdentities',
  method: 'GET',
  path: collection,
  topic,
  summary: 'List whose signatures count in a project',
  params: projectParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: list,
  problems: ['notFound'],
  versioned: false,
})

export const createTrustedIdentity = defineRoute({
  id: 'createTrustedIdentity',
  method: 'POST',
  path: collection,
  topic,
  summary: 'Trust the signatures of a key or an identity',
  description:
    'Signatures that are stored already are judged again in the background. It holds in the projects below too.',
  params: projectParams,
  query: nothing,
  body: input,
  status: 201,
  answer: trusted,
  problems: ['notFound', 'conflict'],
  versioned: false,
})

export const deleteTrustedIdentity = defineRoute({
  id: 'deleteTrustedIdentity',
  method: 'DELETE',
  path: `${collection}/{name}`,
  topic,
  summary: 'Trust an identity no more',
  description: 'Its verdicts are gone at once.',
  params: z.strictObject({ project: projectName, name: signerName }),
  query: nothing,
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound'],
  versioned: false,
})

export const listInstanceTrustedIdentities = defineRoute({
  ...listTrustedIdentities,
  id: 'listInstanceTrustedIdentities',
  path: instance,
  summary: 'List whose signatures count everywhere',
  params: nothing,
  problems: [],
})

export const createInstanceTrustedIdentity = defineRoute({
  ...createTrustedIdentity,
  id: 'createInstanceTrustedIdentity',
  path: instance,
  summary: 'Trust the signatures of a key or an identity everywhere',
  params: nothing,
  problems: ['conflict'],
})

export const deleteInstanceTrustedIdentity = defineRoute({
  ...deleteTrustedIdentity,
  id: 'deleteInstanceTrustedIdentity',
  path: `${instance}/{name}`,
  summary: 'Trust an identity of the instance no more',
  params: z.strictObject({ name: signerName }),
})
