import { BerthError } from '../../errors.ts'

/** What a path asks about. Together with the method it names one endpoint (see `routes.ts`). */
export type PathShape =
  | 'base'
  | 'catalog'
  | 'uploads'
  | 'upload'
  | 'blob'
  | 'manifest'
  | 'tags'
  | 'referrers'

export type PathMatch = {
  readonly shape: PathShape
  /** The repository's name as the client wrote it, not yet checked; empty for `base` and `catalog`. */
  readonly name: string
  /** The digest, reference or session id at the end, not yet checked; empty where the shape has none. */
  readonly last: string
  /** Behind the `?`, not decoded. */
  readonly query: string
}

const uploadsEnd = '/blobs/uploads'
const nameStart = '/v2/'.length

/**
 * Reads the target of a `/v2` request, decoding the path once. `undefined` when it is no endpoint.
 * A name may hold components called `blobs`, `manifests`, `tags` or `uploads`, so the path is read from its right-hand
 * end; what is left is the name. Throws `requestInvalid` for broken percent escapes. One pass, whatever the input.
 */
export function matchPath(target: string): PathMatch | undefined {
  const mark = target.indexOf('?')
  const raw = mark === -1 ? target : target.slice(0, mark)
  const query = mark === -1 ? '' : target.slice(mark + 1)
  const path = raw.includes('%') ? decode(raw) : raw
  if (path === '/v2/' || path === '/v2') return { shape: 'base', name: '', last: '', query }
  if (!path.startsWith('/v2/')) return undefined
  if (path === '/v2/_catalog') return { shape: 'catalog', name: '', last: '', query }

  const uploads = path.endsWith('/') ? path.length - 1 : path.length
  if (path.endsWith(uploadsEnd, uploads)) {
    return named('uploads', path, uploads - uploadsEnd.length, '', query)
  }
  const slash = path.lastIndexOf('/')
  const last = path.slice(slash + 1)
  if (last === '') return undefined
  const before = path.lastIndexOf('/', slash - 1)
  switch (path.slice(before + 1, slash)) {
    case 'manifests':
      return named('manifest', path, before, last, query)
    case 'blobs':
      return named('blob', path, before, last, query)
    case 'referrers':
      return named('referrers', path, before, last, query)
    case 'tags':
      return last === 'list' ? named('tags', path, before, '', query) : undefined
    case 'uploads':
      return path.endsWith(uploadsEnd, slash)
        ? named('upload', path, slash - uploadsEnd.length, last, query)
        : undefined
    default:
      return undefined
  }
}

function named(
  shape: PathShape,
  path: string,
  nameEnd: number,
  last: string,
  query: string,
): PathMatch | undefined {
  if (nameEnd <= nameStart) return undefined
  return { shape, name: path.slice(nameStart, nameEnd), last, query }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch (cause) {
    throw new BerthError(
      'requestInvalid',
      'The path holds a "%" that does not begin a valid escape; write it as "%25" or leave it out.',
      { cause },
    )
  }
}
