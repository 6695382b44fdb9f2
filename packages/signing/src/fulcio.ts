import { generateKeyPair, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { decodeJwt } from 'jose'
import { z } from 'zod'
import { type Fetch, post, type Service, SigningServiceError } from './service.ts'
import { localSigner, type Signer } from './signer.ts'

const generate = promisify(generateKeyPair)

const chain = z.object({
  chain: z.object({
    certificates: z
      .array(z.string().max(64 * 1024))
      .min(1)
      .max(10),
  }),
})
const answerSchema = z.union([
  z.object({ signedCertificateEmbeddedSct: chain }),
  z.object({ signedCertificateDetachedSct: chain }),
])

/**
 * A signer for one signature without a lasting key: a fresh ECDSA P-256 key, for which Fulcio (API version 2) issues a
 * short-lived certificate in exchange for an OpenID identity token. Such a signature needs a log entry or a timestamp
 * beside it, for the certificate ends after minutes. Throws `SigningServiceError`.
 */
export async function keylessSigner(options: {
  identityToken: string
  fulcioUrl: string
  fetch: Fetch
}): Promise<Signer> {
  const service: Service = { what: 'Fulcio', url: options.fulcioUrl, fetch: options.fetch }
  const { privateKey, publicKey } = await generate('ec', { namedCurve: 'P-256' })
  const signer = localSigner(privateKey)
  const proof = await signer.sign(Buffer.from(subjectOf(options.identityToken)))
  const body = JSON.stringify({
    publicKeyRequest: {
      publicKey: { algorithm: 'ECDSA', content: signer.publicKeyPem },
      proofOfPossession: proof.toString('base64'),
    },
  })
  const answer = await post(service, '/api/v2/signingCert', body, {
    'content-type': 'application/json',
    authorization: `Bearer ${options.identityToken}`,
  })
  const certificatePem = readLeaf(answer, service)
  if (!new X509Certificate(certificatePem).publicKey.equals(publicKey)) {
    throw new SigningServiceError(`Fulcio at ${service.url} issued a certificate for another key.`)
  }
  return { ...signer, certificatePem }
}

/** What Fulcio wants signed as proof that the key is held: the e-mail address of the token, else its subject. */
function subjectOf(identityToken: string): string {
  try {
    const { email, sub } = decodeJwt(identityToken)
    const subject = typeof email === 'string' && email !== '' ? email : sub
    if (subject !== undefined) return subject
  } catch {
    // Told below.
  }
  throw new SigningServiceError('The identity token is not a JWT with a subject.')
}

function readLeaf(answer: Buffer, service: Service): string {
  try {
    const parsed = answerSchema.parse(JSON.parse(answer.toString()))
    const found =
      'signedCertificateEmbeddedSct' in parsed
        ? parsed.signedCertificateEmbeddedSct
        : parsed.signedCertificateDetachedSct
    return new X509Certificate(found.chain.certificates[0] ?? '').toString()
  } catch {
    throw new SigningServiceError(
      `Fulcio at ${service.url} answered something that is no certificate. Is the address right?`,
    )
  }
}
