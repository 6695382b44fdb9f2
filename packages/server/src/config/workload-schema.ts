/** The setting `access.workloads`. */
import { isAbsolute } from 'node:path'
import * as z from 'zod'
import { signingAlgorithms } from './signing-algorithms.ts'

const issuer = z
  .strictObject({
    issuer: z.string().min(1).max(512).meta({
      description:
        'The `iss` claim of its tokens, letter by letter: `https://token.actions.githubusercontent.com`.',
      accepted: 'text of 1 to 512 characters',
    }),
    audience: z.string().min(1).max(512).meta({
      description:
        'What its tokens must have as `aud`. Choose one for this registry, such as its address, so that tokens meant for others are worth nothing here.',
      accepted: 'text of 1 to 512 characters',
    }),
    jwksUrl: z.string().max(2048).refine(isKeyUrl).optional().meta({
      description:
        'Where its public keys are. Without this and `jwksFile` they are looked up at `<issuer>/.well-known/openid-configuration`.',
      accepted: 'an https:// address, or http:// to this machine',
    }),
    jwksFile: z.string().max(4096).refine(isAbsolute).optional().meta({
      description:
        'A file with its public keys (a JWK set), for an issuer that Berth cannot reach, such as a Kubernetes cluster. It is read again every ten seconds.',
      accepted: 'an absolute path',
    }),
    algorithms: z
      .array(z.enum(signingAlgorithms))
      .min(1)
      .default(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])
      .describe('Signatures that are accepted.'),
    maxTokenAgeSeconds: z
      .int()
      .min(60)
      .max(31_536_000)
      .default(86_400)
      .describe('A token issued longer ago is refused, however long it says that it is valid.'),
  })
  .refine((value) => value.jwksUrl === undefined || value.jwksFile === undefined, {
    path: ['jwksFile'],
    error: 'is set, and jwksUrl too. Keep one of them',
  })
  .refine(
    (value) =>
      value.jwksUrl !== undefined || value.jwksFile !== undefined || isKeyUrl(value.issuer),
    {
      path: ['issuer'],
      error:
        'is no https:// address, so the keys cannot be looked up there. Set jwksUrl or jwksFile',
    },
  )

export const workloads = z
  .array(issuer)
  .max(50)
  .refine((list) => new Set(list.map((one) => one.issuer)).size === list.length, {
    error: 'names an issuer twice',
  })
  .default([])
  .meta({
    description:
      'Issuers of tokens that machines may present instead of a secret: CI systems, Kubernetes clusters. What a token may do is said by rules in the projects. The guide about machines tells what each entry holds.',
    accepted: 'a list of issuers, each with `issuer` and `audience`',
  })

function isKeyUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, hostname, username, password } = new URL(value)
  if (username !== '' || password !== '') return false
  // Whoever can change the keys on their way is whoever they like.
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  return protocol === 'https:' || (protocol === 'http:' && isLocal)
}
