import { buildOpenApi } from '@berth/api/openapi.ts'
import type { OpenApiDocument } from '@berth/api/openapi-document.ts'
import type { Route } from '@berth/api/route.ts'
import { version } from '../../version.ts'
import { referencePage, styleDigest } from './reference-page.ts'
import { apiHeaders, pageHeaders } from './security-headers.ts'

/** Something to read about the API, the same for everyone. */
export type ApiDocument = {
  readonly path: string
  readonly endpoint: string
  /** Made when it is first asked for. */
  content(): { readonly bytes: Buffer; readonly headers: string[] }
}

/** The description of the API for programs, and its reference for people. */
export function openDocuments(routes: readonly Route[]): readonly ApiDocument[] {
  const document = once(() => describeApi(routes))
  const description = once(() => Buffer.from(`${JSON.stringify(document())}\n`))
  const reference = once(() => Buffer.from(referencePage(document())))
  return [
    {
      path: '/api/v1/openapi.json',
      endpoint: 'openapi',
      content: () => ({
        bytes: description(),
        headers: apiHeaders('application/json', description().length),
      }),
    },
    {
      path: '/api/reference',
      endpoint: 'reference',
      content: () => ({
        bytes: reference(),
        headers: pageHeaders(styleDigest, reference().length),
      }),
    },
  ]
}

/** The routes as OpenAPI, in the order of their topics. */
export function describeApi(routes: readonly Route[]): OpenApiDocument {
  return buildOpenApi(routes, { version })
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
