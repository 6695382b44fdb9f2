/** The section `http.tls.clientCertificates`. */
import * as z from 'zod'
import { path } from './setting.ts'

/** What of a certificate a rule can look at. */
export const certificateFields = ['commonName', 'dnsName', 'uri', 'email'] as const

const pattern = (description: string) =>
  z.string().min(1).max(256).optional().describe(`Pattern for ${description}.`)

const identity = (description: string) =>
  z.string().min(1).max(255).optional().describe(description)

const rule = z
  .strictObject({
    match: z
      .strictObject({
        commonName: pattern('the common name (CN) of the subject'),
        dnsName: pattern('one of the DNS names'),
        uri: pattern('one of the URIs, such as a SPIFFE id'),
        email: pattern('one of the mail addresses'),
      })
      .refine((match) => Object.values(match).some((text) => text !== undefined), {
        error: 'is empty. Name at least one of commonName, dnsName, uri and email',
      })
      .describe('All that is named here must match.'),
    user: identity('Name of the user. `{commonName}` and the like stand for what matched.'),
    robot: identity('Login of the robot, likewise: `acme+{commonName}`.'),
  })
  .refine(({ user, robot }) => (user === undefined) !== (robot === undefined), {
    path: ['user'],
    error: 'must stand here, or robot, and not both',
  })

export const clientCertificates = z
  .strictObject({
    caFile: path(
      'PEM file with the authorities whose client certificates are believed. Take one that signs nothing else.',
    ),
    mode: z
      .enum(['optional', 'required'])
      .default('optional')
      .describe(
        '`optional`: who has no certificate logs in otherwise. `required`: no connection without one.',
      ),
    rules: z.array(rule).max(1000).default([]).meta({
      description:
        'Whom a certificate stands for; the first rule that matches decides. The guide about machines tells what each entry holds.',
      accepted: 'a list of rules, each with `match` and `user` or `robot`',
    }),
  })
  .optional()
  .describe('Clients that show a certificate of their own instead of a password.')

export type CertificateRule = z.output<typeof rule>
