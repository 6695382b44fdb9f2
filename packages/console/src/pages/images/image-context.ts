import type { readManifest } from '@berth/api/manifests.ts'
import type { readRepository } from '@berth/api/repositories.ts'
import { createContext, useContext } from 'react'
import type * as z from 'zod'

export type Manifest = z.output<typeof readManifest.answer>
export type Repository = z.output<typeof readRepository.answer>

/** What the layout of the image has read, for its tabs. */
export type OpenImage = {
  readonly repository: Repository
  /** As in the address: a tag or a digest. */
  readonly reference: string
  /** What the reference leads to: an image, or an index. */
  readonly top: Manifest
  /** What the tabs speak of: of an index the image of the chosen platform, else `top` itself. */
  readonly image: Manifest
  /** Of the address, for links within the image; `undefined`: not an index, or not chosen by hand. */
  readonly platform: string | undefined
}

const Context = createContext<OpenImage | undefined>(undefined)

export const ImageProvider = Context.Provider

/** The image that is looked at. Only for what stands in the layout of the image. */
export function useImage(): OpenImage {
  const image = useContext(Context)
  if (!image) throw new Error('There is no image around this part.')
  return image
}

/** Whether the caller may do this in the repository or its project. Only to offer it. */
export function useMayHere(action: Repository['allowed'][number]): boolean {
  return useImage().repository.allowed.includes(action)
}

/** `library/debian:11`, `library/debian@sha256:…` */
export function nameOf(repository: string, reference: string): string {
  return reference.includes(':') ? `${repository}@${reference}` : `${repository}:${reference}`
}

/** A digest cut to what tells it apart. */
export function shortDigest(digest: string): string {
  const [algorithm = '', hex = ''] = digest.split(':')
  return hex === '' ? digest : `${algorithm}:${hex.slice(0, 12)}`
}
