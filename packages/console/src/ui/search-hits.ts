import { search } from '@berth/api/search.ts'
import type { LinkProps } from '@tanstack/react-router'
import type * as z from 'zod'
import { searchText } from '../text/search.ts'
import { formatCapped } from './units.ts'

/** As much of a digest as tells manifests apart. */
const digestShown = 'sha256:'.length + 12

export type SearchHit = z.output<typeof search.answer>['items'][number]
export type SearchKind = SearchHit['kind']

/** In the order in which they are shown. */
export const searchKinds = Object.keys(searchText.kinds) as readonly SearchKind[]

/** The page of what was found. */
export function hitLink(hit: SearchHit): LinkProps {
  const { kind, text, repository, digest } = hit
  switch (kind) {
    case 'project':
      return { to: '/projects/$project', params: { project: text } }
    case 'repository':
      return { to: '/repositories/$repository', params: { repository: repository ?? text } }
    case 'package':
      return {
        to: '/security/packages',
        search: { kind: hit.package?.kind, name: hit.package?.name ?? text },
      }
    case 'vulnerability':
      return {
        to: '/security/vulnerabilities/$vulnerability',
        params: { vulnerability: hit.vulnerability ?? text },
      }
    case 'tag':
      return image(repository, text)
    case 'digest':
    case 'label':
    case 'annotation':
      return image(repository, digest ?? text)
  }
}

function image(repository: string | null, reference: string): LinkProps {
  return {
    to: '/repositories/$repository/images/$reference',
    params: { repository: repository ?? '', reference },
  }
}

/** Where it was found, or in how many images; an empty text when its own name says it all. */
export function hitPlace({ kind, repository, images, digest }: SearchHit): string {
  if (images !== null) return searchText.images(formatCapped(images))
  if (repository === null || kind === 'repository') return ''
  if ((kind !== 'label' && kind !== 'annotation') || digest === null) {
    return searchText.in(repository)
  }
  // The same label stands on many manifests.
  return searchText.inManifest(repository, digest.slice(0, digestShown))
}

/** Tells hits of one answer apart. */
export function hitKey({ kind, text, repository, digest, package: found }: SearchHit): string {
  return [kind, text, repository, digest, found?.kind].join('\n')
}

/** The hits of each kind, in the order of the kinds. */
export function groupHits(hits: readonly SearchHit[]): [SearchKind, SearchHit[]][] {
  return searchKinds
    .map((kind): [SearchKind, SearchHit[]] => [kind, hits.filter((hit) => hit.kind === kind)])
    .filter(([, found]) => found.length > 0)
}
