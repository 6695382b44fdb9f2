import { type Digest, digestAlgorithm, digestEncoded } from '@berth/oci/digest.ts'
import { createHash } from 'node:crypto'
import { type Readable, Transform } from 'node:stream'
import { BerthError } from '../../errors.ts'
import type { Outbound } from '../../outbound/outbound.ts'
import { ScannerFailure } from '../external-finding.ts'
import { objectOf, textOf } from '../report-json.ts'

/** Where an image is, and what pulls it: as a scan request says. */
export type RemotePlace = {
  /** Without `/v2/`. */
  readonly url: string
  /** `Authorization` as it stands; `''`: none. */
  readonly authorization: string
  readonly repository: string
}

const documentMaxBytes = 4 * 1024 * 1024

/** Pulls from any registry with what a scan request gives for it. All of it is checked against its digest. */
export class RemoteRegistry {
  readonly #outbound: Pick<Outbound, 'fetch' | 'stream'>
  readonly #place: RemotePlace
  readonly #signal: AbortSignal
  /** Bought with Basic credentials where the registry wants a token. */
  #token: string | undefined

  constructor(parts: {
    outbound: Pick<Outbound, 'fetch' | 'stream'>
    place: RemotePlace
    signal: AbortSignal
  }) {
    this.#outbound = parts.outbound
    this.#place = parts.place
    this.#signal = parts.signal
  }

  /** A manifest or a configuration of at most 4 MiB. Throws `ScannerFailure`, `BerthError` (`unavailable`). */
  async document(
    kind: 'manifests' | 'blobs',
    digest: Digest,
    accept: string,
  ): Promise<{ bytes: Buffer; mediaType: string }> {
    const { headers, body } = await this.#open(kind, digest, accept)
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of checked(body, digest, documentMaxBytes) as AsyncIterable<Buffer>) {
      size += chunk.length
      chunks.push(chunk)
    }
    return { bytes: Buffer.concat(chunks, size), mediaType: headers.get('content-type') ?? '' }
  }

  /** A layer. The stream fails when it is longer than `size` or not what the digest names. */
  async layer(digest: Digest, size: number): Promise<Readable> {
    const { body } = await this.#open('blobs', digest, '*/*')
    return checked(body, digest, size)
  }

  async #open(kind: 'manifests' | 'blobs', digest: Digest, accept: string) {
    const { url, repository } = this.#place
    const address = `${url.replace(/\/+$/, '')}/v2/${repository}/${kind}/${digest}`
    for (let isSecond = false; ; isSecond = true) {
      const answer = await this.#outbound.stream(address, {
        headers: { accept, ...this.#authorization() },
        signal: this.#signal,
      })
      if (answer.status === 200) return answer
      answer.body.destroy()
      const challenge = answer.headers.get('www-authenticate') ?? ''
      if (answer.status === 401 && !isSecond && (await this.#buyToken(challenge))) continue
      throw new ScannerFailure(
        `The registry answers with ${answer.status} where ${kind === 'manifests' ? 'the manifest' : 'a blob'} ${digest} of ${repository} is asked for.`,
      )
    }
  }

  #authorization(): Record<string, string> {
    if (this.#token !== undefined) return { authorization: `Bearer ${this.#token}` }
    const { authorization } = this.#place
    return authorization === '' ? {} : { authorization }
  }

  /** Exchanges Basic credentials at the token service that the challenge names. `false` when there is none to ask. */
  async #buyToken(challenge: string): Promise<boolean> {
    const realm = /^Bearer\b.*\brealm="([^"]*)"/i.exec(challenge)?.[1]
    const { authorization, repository } = this.#place
    if (realm === undefined || !URL.canParse(realm) || !/^basic /i.test(authorization)) return false
    const service = /\bservice="([^"]*)"/i.exec(challenge)?.[1]
    const address = new URL(realm)
    if (service !== undefined) address.searchParams.set('service', service)
    address.searchParams.set('scope', `repository:${repository}:pull`)
    const answer = await this.#outbound.fetch(address, {
      headers: { authorization },
      signal: this.#signal,
    })
    if (answer.status !== 200) {
      throw new ScannerFailure(`The token service of the registry answers with ${answer.status}.`)
    }
    const given = objectOf(await answer.json().catch(() => undefined))
    this.#token = textOf(given['token']) ?? textOf(given['access_token']) ?? undefined
    return this.#token !== undefined
  }
}

/** Passes on what comes, and fails when that is too long, is broken off or has another digest. */
function checked(body: Readable, digest: Digest, maxBytes: number): Readable {
  const hash = createHash(digestAlgorithm(digest))
  let size = 0
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      if (size > maxBytes) {
        done(new BerthError('unavailable', `${digest} is longer than ${maxBytes} bytes.`))
        return
      }
      hash.update(chunk)
      done(null, chunk)
    },
    flush(done) {
      const isGood = hash.digest('hex') === digestEncoded(digest)
      done(isGood ? null : new ScannerFailure(`What the registry serves as ${digest} is not that.`))
    },
  })
  // Whoever reads it may begin to listen only after it has failed, and sees then that it has.
  stream.on('error', () => undefined)
  body.once('error', (error) => stream.destroy(error))
  body.once('aborted', () => stream.destroy(brokenOff(digest)))
  stream.once('close', () => body.destroy())
  return body.pipe(stream)
}

function brokenOff(digest: Digest): BerthError {
  return new BerthError('unavailable', `The registry broke off while it sent ${digest}.`)
}
