import { createHash, createHmac } from 'node:crypto'
import type { FrontRequest } from './front.ts'

export type ReadSignature = {
  readonly accessKeyId: string
  readonly isRight: (secretAccessKey: string) => boolean
}

/** The AWS signature of a request (Signature Version 4, "Create a signed AWS API request"); `undefined` without one. */
export function readSignature(
  { headers, method, url }: FrontRequest,
  body: string,
): ReadSignature | undefined {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    )
  if (found === null) return undefined
  const [, accessKeyId = '', date = '', region = '', service = '', names = '', signature] = found
  const canonical = [
    method,
    url.pathname,
    '',
    ...names.split(';').map((name) => `${name}:${String(headers[name] ?? '').trim()}`),
    '',
    names,
    sha256(body),
  ].join('\n')
  const scope = `${date}/${region}/${service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n')
  return {
    accessKeyId,
    isRight(secretAccessKey) {
      let key: Buffer | string = `AWS4${secretAccessKey}`
      for (const part of [date, region, service, 'aws4_request']) key = hmac(key, part)
      return hmac(key, text).toString('hex') === signature
    },
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
