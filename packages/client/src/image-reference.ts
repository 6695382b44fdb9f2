import { type Digest, parseDigest } from '@berth/oci/digest.ts'
import { OciError, quote } from '@berth/oci/oci-error.ts'
import {
  parseRepositoryName,
  parseTagName,
  type RepositoryName,
  type TagName,
} from '@berth/oci/reference.ts'
import { ClientError } from './client-error.ts'

/** A repository of one registry: `127.0.0.1:5000/acme/api`. */
export type RepositoryAddress = {
  /** `host` or `host:port`, in lower case; Docker Hub is always `docker.io`. */
  readonly registry: string
  readonly repository: RepositoryName
}

/** An image as people write it. With neither tag nor digest it names the repository. Both together: the digest counts. */
export type ImageReference = RepositoryAddress & {
  readonly tag: TagName | undefined
  readonly digest: Digest | undefined
}

export const dockerHub = 'docker.io'

const hubNames = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io'])
const hostGrammar =
  /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::[0-9]{1,5})?$/

/**
 * Reads `[registry/]repository[:tag][@digest]` by docker's rules: the first component is a registry when it holds a dot
 * or a colon or is `localhost`; anything else is on Docker Hub, where a single component gets `library/` before it.
 * Throws `referenceInvalid`, saying which part is wrong.
 */
export function parseImageReference(text: string): ImageReference {
  if (text === '') throw invalid(text, 'it is empty')
  if (/^[a-z]+:\/\//i.test(text)) {
    throw invalid(text, `write it without ${quote(text.slice(0, text.indexOf('//') + 2))}`)
  }
  const at = text.indexOf('@')
  const named = at === -1 ? text : text.slice(0, at)
  const slash = named.indexOf('/')
  const first = slash === -1 ? '' : named.slice(0, slash)
  const hasRegistry = /[.:]/.test(first) || first === 'localhost'
  const registry = hasRegistry ? parseRegistryHost(first) : dockerHub
  const path = hasRegistry ? named.slice(slash + 1) : named
  const colon = path.lastIndexOf(':')
  const bare = colon === -1 ? path : path.slice(0, colon)
  return checked(text, () => ({
    registry,
    repository: parseRepositoryName(
      registry === dockerHub && bare !== '' && !bare.includes('/') ? `library/${bare}` : bare,
    ),
    tag: colon === -1 ? undefined : parseTagName(path.slice(colon + 1)),
    digest: at === -1 ? undefined : parseDigest(text.slice(at + 1)),
  }))
}

/** Reads what may only be a repository. Throws `referenceInvalid` when there is a tag or a digest. */
export function parseRepositoryAddress(text: string): RepositoryAddress {
  const { registry, repository, tag, digest } = parseImageReference(text)
  if (tag !== undefined || digest !== undefined) {
    throw invalid(text, 'a repository is meant, without tag and digest')
  }
  return { registry, repository }
}

/** Reads `host[:port]`; a scheme before it and a slash behind it are taken off. Throws `referenceInvalid`. */
export function parseRegistryHost(text: string): string {
  const bare = text.replace(/^https?:\/\//i, '').replace(/\/+(?:v2\/?)?$/, '')
  if (!hostGrammar.test(bare)) {
    throw new ClientError('referenceInvalid', `${quote(text)} is not the address of a registry.`, {
      next: 'Write it as host or host:port, for instance ghcr.io or 127.0.0.1:5000.',
    })
  }
  const host = bare.toLowerCase()
  return hubNames.has(host) ? dockerHub : host
}

/** The reference in full, as every client understands it. */
export function formatImageReference(reference: ImageReference): string {
  const { tag, digest } = reference
  return `${formatRepositoryAddress(reference)}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

export function formatRepositoryAddress({ registry, repository }: RepositoryAddress): string {
  return `${registry}/${repository}`
}

function checked<T>(text: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof OciError)) throw error
    throw new ClientError('referenceInvalid', `${quote(text)} is not an image: ${error.message}`, {
      cause: error,
    })
  }
}

function invalid(text: string, fault: string): ClientError {
  return new ClientError('referenceInvalid', `${quote(text)} is not an image reference: ${fault}.`)
}
