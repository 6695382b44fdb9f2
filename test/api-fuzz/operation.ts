import type { OpenApiOperation } from '@berth/api/openapi-document.ts'

/** The values of a path, by parameter, in the order of the path. */
export type PathParameters = Readonly<Record<string, string>>

/** One operation of the description, with where it is. */
export type Operation = OpenApiOperation & { readonly method: string; readonly path: string }

export type FuzzRequest = {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly parameters: PathParameters
}
