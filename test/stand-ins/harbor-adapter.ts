import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

const property = 'harbor.scanner-adapter/'
const metadataType = 'application/vnd.scanner.adapter.metadata+json; version=1.0'
const requestType = 'application/vnd.scanner.adapter.scan.request+json; version=1.0'
const responseType = 'application/vnd.scanner.adapter.scan.response+json; version=1.0'
const reportType = 'application/vnd.security.vulnerability.report; version=1.1'
const oldReportType = 'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0'
const manifestTypes = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
]

/** What goes wrong with every report. */
export type AdapterFault =
  | 'neverReady'
  | 'garbage'
  | 'notAReport'
  | 'redirectsElsewhere'
  | 'huge'
  | 'error'
  | 'notImplemented'
  | 'forgets'

export type AdapterOptions = {
  /** What callers must present; none by default. */
  readonly headers?: Readonly<Record<string, string>>
  readonly registryAuthorization?: 'Basic' | 'Bearer'
  /** Of version 1.0: only the older report. */
  readonly isOld?: boolean
  /** Answers of 302 before a report is ready. */
  readonly notReadyTimes?: number
  readonly vulnerabilities?: readonly object[]
}

export type StandInAdapter = {
  /** Without `/api/v1`. */
  readonly url: string
  fault: AdapterFault | undefined
  /** The bodies of the scans that were asked for. */
  readonly scans: ScanRequest[]
  /** Status codes of the manifests that it fetched from the registry. */
  readonly pulls: number[]
  /** Requests that came to where the redirect points. */
  readonly strays: number
  close(): Promise<void>
}

type ScanRequest = {
  registry: { url: string; authorization: string; insecure: boolean }
  artifact: { repository: string; digest: string; mime_type: string; size: number }
}

type Answer = { status: number; type?: string; headers?: Record<string, string>; body?: string }

/**
 * An adapter of the Harbor Pluggable Scanner API 1.1, as strict about media types as those in use are. It fetches the
 * manifest from the registry with the authorization that it is given, and reports what the test says.
 */
export async function openHarborAdapter(options: AdapterOptions = {}): Promise<StandInAdapter> {
  const scans: ScanRequest[] = []
  const known = new Map<string, { request: ScanRequest; asked: number; pulled: number }>()
  const pulls: number[] = []
  const state = { fault: undefined as AdapterFault | undefined, strays: 0 }
  const wanted = options.isOld === true ? oldReportType : reportType

  async function answer(request: IncomingMessage, body: string): Promise<Answer> {
    const { headers, url = '', method } = request
    if (url === '/elsewhere') {
      state.strays += 1
      return { status: 200, body: '{}' }
    }
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      if (headers[name] !== value) return failure(401, 'the credentials are wrong')
    }
    if (method === 'GET' && url === '/api/v1/metadata') {
      if (headers.accept !== metadataType) return failure(406, `not ${metadataType}`)
      return { status: 200, type: metadataType, body: JSON.stringify(metadata()) }
    }
    if (method === 'POST' && url === '/api/v1/scan') {
      if (headers['content-type'] !== requestType) return failure(415, `not ${requestType}`)
      return takeScan(JSON.parse(body) as ScanRequest)
    }
    const id = /^\/api\/v1\/scan\/([^/]+)\/report$/.exec(url)?.[1]
    const scan = id === undefined ? undefined : known.get(id)
    if (method !== 'GET' || scan === undefined) return failure(404, 'there is no such scan')
    if (headers.accept !== wanted) return failure(406, `not ${wanted}`)
    return report(scan)
  }

  function metadata() {
    return {
      scanner: { name: 'Stand-in', vendor: 'Tests', version: '1.2.3' },
      capabilities: [{ consumes_mime_types: manifestTypes, produces_mime_types: [wanted] }],
      properties: {
        [`${property}vulnerability-database-updated-at`]: '2026-11-20T00:00:00Z',
        [`${property}registry-authorization-type`]: options.registryAuthorization ?? 'Bearer',
      },
    }
  }

  async function takeScan(scan: ScanRequest): Promise<Answer> {
    scans.push(scan)
    const { registry, artifact } = scan
    const pulled = await fetch(
      `${registry.url}/v2/${artifact.repository}/manifests/${artifact.digest}`,
      { headers: { authorization: registry.authorization, accept: artifact.mime_type } },
    )
    await pulled.arrayBuffer()
    pulls.push(pulled.status)
    const id = randomUUID()
    known.set(id, { request: scan, asked: 0, pulled: pulled.status })
    return { status: 202, type: responseType, body: JSON.stringify({ id }) }
  }

  function report(scan: { request: ScanRequest; asked: number; pulled: number }): Answer {
    scan.asked += 1
    const wait = { 'refresh-after': '0.02' }
    if (state.fault === 'redirectsElsewhere') {
      return { status: 302, headers: { ...wait, location: '/elsewhere' } }
    }
    if (state.fault === 'neverReady' || scan.asked <= (options.notReadyTimes ?? 1)) {
      return { status: 302, headers: wait }
    }
    if (scan.pulled !== 200) return failure(500, `the registry answered with ${scan.pulled}`)
    switch (state.fault) {
      case 'garbage':
        return { status: 200, type: wanted, body: '<html>this is no report</html>' }
      case 'notAReport':
        return { status: 200, type: wanted, body: '{"hello":"world"}' }
      case 'huge':
        return { status: 200, type: wanted, body: `{"x":"${'x'.repeat(33 * 1024 * 1024)}"}` }
      case 'error':
        return failure(500, 'the database of vulnerabilities is broken')
      case 'notImplemented':
        return failure(501, 'no such report')
      case 'forgets':
        known.clear()
        return failure(404, 'there is no such scan')
      case undefined:
        return { status: 200, type: wanted, body: JSON.stringify(document(scan.request)) }
    }
  }

  function document({ artifact }: ScanRequest) {
    return {
      generated_at: '2026-11-21T01:02:03.000Z',
      artifact,
      scanner: { name: 'Stand-in', vendor: 'Tests', version: '1.2.3' },
      severity: 'High',
      vulnerabilities: options.vulnerabilities ?? null,
    }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      answer(request, Buffer.concat(chunks).toString()).then(
        (found) => send(response, found),
        (error: unknown) => send(response, failure(500, String(error))),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was assigned')
  return {
    url: `http://127.0.0.1:${address.port}`,
    get fault() {
      return state.fault
    },
    set fault(value) {
      state.fault = value
    },
    scans,
    pulls,
    get strays() {
      return state.strays
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function failure(status: number, message: string): Answer {
  return { status, type: 'application/json', body: JSON.stringify({ error: { message } }) }
}

function send(response: ServerResponse, { status, type, headers, body }: Answer): void {
  response.writeHead(status, { ...(type !== undefined && { 'content-type': type }), ...headers })
  response.end(body)
}
