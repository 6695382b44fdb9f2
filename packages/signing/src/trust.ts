import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { annotationBytesMax, keyBytesMax } from './limits.ts'
import { readPublicKey } from './public-key.ts'
import type { TrustedRoot } from './trusted-root.ts'

const name = z.string().min(1).max(128)
/** An exact text, or a pattern with `*`. Anchored at both ends; a regular expression is not offered. */
const textOrGlob = z.union([
  z.string().min(1).max(1024),
  z.strictObject({ glob: z.string().min(1).max(1024) }),
])

/** A PEM text that `readPublicKey` accepts. */
const publicKeyPem = z
  .string()
  .max(keyBytesMax)
  .superRefine((pem, context) => {
    try {
      readPublicKey(pem)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
    }
  })

const certificatePem = z
  .string()
  .max(annotationBytesMax)
  .refine((pem) => isCertificate(pem), 'must be one PEM certificate')

/**
 * Who may sign. `key`: whoever holds the private half. `keyless`: whoever a certificate authority of a trusted root
 * (`root` names it; without it every imported root counts) attests as `subject`, an e-mail address or a URI, by the
 * OpenID issuer `issuer`; `extensions` are further claims of Fulcio certificates, by their object identifier.
 * `notation`: a chain to one of the certificates; `subjects` are distinguished names of the signer, such as
 * `CN=build,O=Example`, each attribute of which the certificate must have.
 */
export const trustedIdentity = z.discriminatedUnion('kind', [
  z.strictObject({
    name,
    kind: z.literal('key'),
    publicKeyPem,
    /** Demands an entry in a transparency log of a trusted root. Default: a key needs none. */
    requireLog: z.boolean().optional(),
  }),
  z.strictObject({
    name,
    kind: z.literal('keyless'),
    issuer: textOrGlob,
    subject: textOrGlob,
    extensions: z
      .record(z.string().regex(/^1\.3\.6\.1\.4\.1\.57264\.1\.\d{1,3}$/), textOrGlob)
      .optional(),
    root: name.optional(),
  }),
  z.strictObject({
    name,
    kind: z.literal('notation'),
    certificates: z.array(certificatePem).min(1).max(100),
    subjects: z.array(z.string().min(1).max(1024)).min(1).max(100).optional(),
  }),
])

export type TrustedIdentity = z.infer<typeof trustedIdentity>
export type KeyIdentity = Extract<TrustedIdentity, { kind: 'key' }>
export type KeylessIdentity = Extract<TrustedIdentity, { kind: 'keyless' }>
export type NotationIdentity = Extract<TrustedIdentity, { kind: 'notation' }>
export type TextOrGlob = z.infer<typeof textOrGlob>

/** What people write: the whole text, in which `*` stands for any characters. */
export function parseTextOrGlob(text: string): TextOrGlob {
  return text.includes('*') ? { glob: text } : text
}

/** Against what signatures are judged. `roots` come from `parseTrustedRoot`. */
export type Trust = {
  readonly identities: readonly TrustedIdentity[]
  readonly roots: readonly TrustedRoot[]
}

function isCertificate(pem: string): boolean {
  try {
    return (
      pem.split('-----BEGIN CERTIFICATE-----').length === 2 &&
      new X509Certificate(pem).ca !== undefined
    )
  } catch {
    return false
  }
}
