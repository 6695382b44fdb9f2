import * as z from 'zod'
import { defineRoute } from './route.ts'
import { signerName } from './trusted-identities.ts'

const nothing = z.strictObject({})
const topic = 'Signatures'
const one = '/system/trusted-roots/{name}'
const params = z.strictObject({ name: signerName })

const root = z.strictObject({
  name: signerName,
  certificateAuthorities: z.int(),
  logs: z.int().describe('Transparency logs and certificate logs.'),
  timestampAuthorities: z.int(),
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
})

export const listTrustedRoots = defineRoute({
  id: 'listTrustedRoots',
  method: 'GET',
  path: '/system/trusted-roots',
  topic,
  summary: 'List the Sigstore roots that keyless signatures are judged by',
  params: nothing,
  query: nothing,
  body: undefined,
  status: 200,
  answer: z.strictObject({ items: z.array(root) }),
  problems: [],
  versioned: false,
})

export const setTrustedRoot = defineRoute({
  id: 'setTrustedRoot',
  method: 'PUT',
  path: one,
  topic,
  summary: 'Import a Sigstore root',
  description:
    'The `trusted_root.json` of an instance of Sigstore, as `cosign trusted-root create` writes it. It is checked before it takes the place of the former one.',
  params,
  query: nothing,
  body: z.strictObject({
    document: z.string().min(2).max(2_000_000).describe('The whole file.'),
  }),
  status: 200,
  answer: root,
  problems: ['conflict'],
  versioned: false,
})

export const deleteTrustedRoot = defineRoute({
  id: 'deleteTrustedRoot',
  method: 'DELETE',
  path: one,
  topic,
  summary: 'Remove a Sigstore root',
  params,
  query: nothing,
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound'],
  versioned: false,
})
