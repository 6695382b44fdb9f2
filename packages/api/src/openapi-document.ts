/** A JSON Schema, or another part of the description: plain JSON. */
export type JsonObject = { [key: string]: unknown }

export type OpenApiParameter = {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly description?: string
  readonly schema: JsonObject
}

export type MediaTypes = { [mediaType: string]: { readonly schema?: JsonObject } }

export type OpenApiResponse = {
  readonly description: string
  readonly headers?: JsonObject
  readonly content?: MediaTypes
}

export type OpenApiOperation = {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly parameters: readonly OpenApiParameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: MediaTypes }
  readonly responses: { readonly [status: string]: OpenApiResponse }
  readonly security?: readonly JsonObject[]
}

/** A description of the management API as OpenAPI 3.1 has it. */
export type OpenApiDocument = {
  readonly openapi: '3.1.1'
  readonly info: JsonObject & { readonly title: string; readonly version: string }
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly { readonly name: string }[]
  readonly paths: { readonly [path: string]: { readonly [method: string]: OpenApiOperation } }
  readonly components: {
    readonly schemas: { readonly [name: string]: JsonObject }
    readonly securitySchemes: JsonObject
  }
  readonly security: readonly JsonObject[]
}
