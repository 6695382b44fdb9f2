import * as z from 'zod'
import { defineRoute } from './route.ts'

const setting = z.strictObject({
  path: z.string().describe('As in the file: `http.tls.kind`.'),
  variable: z.string().describe('The environment variable that sets it.'),
  value: z
    .string()
    .nullable()
    .describe('In force now, as text; lists as JSON. `null` when it is not set, or a secret.'),
  isSecret: z.boolean().describe('Its value is never shown.'),
  isSet: z.boolean().describe('Whether it has a value at all.'),
  source: z
    .enum(['default', 'file', 'environment', 'flag'])
    .describe('Where the value comes from; `flag` is the command line.'),
  default: z.string().nullable().describe('What it is when nobody sets it; `null` for nothing.'),
  accepted: z.string().describe('What may be written there.'),
  description: z.string(),
})

export const listSettings = defineRoute({
  id: 'listSettings',
  method: 'GET',
  path: '/system/configuration',
  topic: 'System',
  summary: 'List the settings in force',
  description:
    'Every setting that applies, in the order of the reference, without secrets. They are read at the start of the process that answers.',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: z.strictObject({ items: z.array(setting) }),
  problems: [],
  versioned: false,
})
