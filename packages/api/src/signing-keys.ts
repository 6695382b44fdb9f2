import * as z from 'zod'
import { projectName, projectParams } from './projects.ts'
import { defineRoute } from './route.ts'
import { signerName } from './trusted-identities.ts'

const nothing = z.strictObject({})
const topic = 'Signatures'
const collection = '/projects/{project}/signing-keys'

const key = z.strictObject({
  name: signerName,
  algorithm: z.enum(['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521']),
  publicKey: z.string().describe('PEM (SPKI): what `cosign verify --key` takes.'),
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
  retiredAt: z.iso.datetime().nullable().describe('Since when it signs no more.'),
})

const keyParams = z.strictObject({ project: projectName, name: signerName })

export const listSigningKeys = defineRoute({
  id: 'listSigningKeys',
  method: 'GET',
  path: collection,
  topic,
  summary: 'List the keys that Berth signs with for a project',
  params: projectParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: z.strictObject({ items: z.array(key) }),
  problems: ['notFound'],
  versioned: false,
})

export const createSigningKey = defineRoute({
  id: 'createSigningKey',
  method: 'POST',
  path: collection,
  topic,
  summary: 'Make a key that Berth keeps and signs with',
  description:
    'The private half never leaves Berth; it is stored sealed with a secret of the instance. Its signatures count in the project from then on: an identity of the same name is trusted.',
  params: projectParams,
  query: nothing,
  body: z.strictObject({
    name: signerName,
    algorithm: key.shape.algorithm.default('ecdsa-p256'),
  }),
  status: 201,
  answer: key,
  problems: ['notFound', 'conflict'],
  versioned: false,
})

export const retireSigningKey = defineRoute({
  id: 'retireSigningKey',
  method: 'DELETE',
  path: `${collection}/{name}`,
  topic,
  summary: 'Retire a signing key',
  description:
    'The private half is destroyed. Signatures that it made still count for as long as the identity of its name is trusted.',
  params: keyParams,
  query: nothing,
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound'],
  versioned: false,
})
