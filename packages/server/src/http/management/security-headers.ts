/** On every answer: nothing here is a page, and nothing may be kept by anyone in between. */
const jsonPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

const common = [
  'Cache-Control',
  'no-store',
  'X-Content-Type-Options',
  'nosniff',
  'Referrer-Policy',
  'no-referrer',
  'X-Frame-Options',
  'DENY',
  'Cross-Origin-Resource-Policy',
  'same-origin',
] as const

/** The headers of an answer with a body of so many bytes; the list may be added to. */
export function apiHeaders(mediaType: string, bytes: number | undefined): string[] {
  const headers = bodilessHeaders()
  headers.push('Content-Type', mediaType)
  if (bytes !== undefined) headers.push('Content-Length', String(bytes))
  return headers
}

/** The headers of an answer that has no body: 204 and 304. */
export function bodilessHeaders(): string[] {
  return ['Content-Security-Policy', jsonPolicy, ...common]
}

/** The headers of a page whose only style sheet has this SHA-256, in base64; scripts are forbidden. */
export function pageHeaders(styleDigest: string, bytes: number): string[] {
  const policy = `default-src 'none'; style-src 'sha256-${styleDigest}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`
  return [
    'Content-Security-Policy',
    policy,
    ...common,
    'Content-Type',
    'text/html; charset=utf-8',
    'Content-Length',
    String(bytes),
  ]
}
