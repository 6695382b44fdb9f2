/** The section `audit`. */
import { isIP } from 'node:net'
import { isAbsolute } from 'node:path'
import * as z from 'zod'
import { isHostName } from './value-checks.ts'

/** In a list there is no setting to hide or to resolve, so secrets stay in files with whole paths. */
const wholePath = (description: string) =>
  z.string().max(4096).refine(isAbsolute).optional().describe(description)

const targetName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/)
  .describe('Tells the targets apart; what it has taken is noted down under this name.')

const syslogTarget = z.strictObject({
  kind: z.literal('syslog'),
  name: targetName,
  host: z.string().refine((value) => isHostName(value) || isIP(value) !== 0),
  port: z.int().min(1).max(65535),
  transport: z.enum(['udp', 'tcp', 'tls']),
  facility: z.int().min(0).max(23).default(13).describe('13 is that of audit logs.'),
  caFile: wholePath('PEM file with the authority of the receiver, for `tls`.'),
})

const httpTarget = z.strictObject({
  kind: z.literal('http'),
  name: targetName,
  url: z
    .string()
    .max(2048)
    .refine((value) => /^https?:\/\//i.test(value) && URL.canParse(value)),
  tokenFile: wholePath('File with a token, sent as `Authorization: Bearer`.'),
  hmacKeyFile: wholePath('File with a key; each request is signed with it (HMAC-SHA-256).'),
})

const forward = z
  .array(z.discriminatedUnion('kind', [syslogTarget, httpTarget]))
  .max(10)
  .refine((targets) => new Set(targets.map(({ name }) => name)).size === targets.length, {
    error: 'has two targets with the same name. Give each its own',
  })
  .default([])
  .meta({
    description:
      'Where sealed entries are sent to, in their order and at least once. The guide about the audit log tells what each target holds.',
    accepted: 'a list of targets, each with `kind` (`syslog` or `http`) and `name`',
  })

export const audit = z
  .strictObject({
    retentionDays: z
      .int()
      .min(0)
      .max(36_500)
      .default(365)
      .describe('Entries are removed after so many days. 0: they are kept for ever.'),
    pulls: z
      .boolean()
      .default(false)
      .describe(
        'Record pulls too; those of the same content by the same caller within some seconds are one entry.',
      ),
    forward,
  })
  .prefault({})
  .describe('The log of who did what.')

export type ForwardTarget = z.output<typeof audit>['forward'][number]
export type SyslogTarget = Extract<ForwardTarget, { kind: 'syslog' }>
export type HttpTarget = Extract<ForwardTarget, { kind: 'http' }>
