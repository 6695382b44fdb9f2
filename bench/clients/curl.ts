import { spawn } from 'node:child_process'

export type Upload = {
  url: string
  file: string
  method: 'PUT' | 'PATCH'
  /** `Transfer-Encoding: chunked`, as Docker sends a layer; otherwise with a Content-Length. */
  chunked?: boolean
  token?: string | undefined
  expected: number
}

/** Fetches `url` and throws its bytes away. Throws unless it is a 200 of exactly `bytes` bytes. */
export async function download(url: string, bytes: number): Promise<void> {
  const answer = await curl([
    '--output',
    '/dev/null',
    '--write-out',
    '%{http_code} %{size_download}',
    url,
  ])
  if (answer !== `200 ${bytes}`)
    throw new Error(`GET ${url}: expected 200 and ${bytes} bytes, got ${answer}`)
}

/** Sends a file. Returns the Location of the answer. Throws unless it has the expected status. */
export async function upload(request: Upload): Promise<string> {
  const headers = ['Expect:', 'Content-Type: application/octet-stream']
  if (request.chunked) headers.push('Transfer-Encoding: chunked')
  if (request.token !== undefined) headers.push(`Authorization: Bearer ${request.token}`)
  const answer = await curl([
    ...headers.flatMap((header) => ['--header', header]),
    '--request',
    request.method,
    '--upload-file',
    request.file,
    '--output',
    '/dev/null',
    '--write-out',
    '%{http_code} %header{location}',
    request.url,
  ])
  const [status, location = ''] = answer.split(' ')
  if (status !== String(request.expected))
    throw new Error(`${request.method} ${request.url} answered ${answer}`)
  return location
}

async function curl(args: string[]): Promise<string> {
  const child = spawn('curl', ['--silent', '--show-error', '--noproxy', '*', ...args])
  const [output, errors, code] = await Promise.all([
    child.stdout.setEncoding('utf8').toArray(),
    child.stderr.setEncoding('utf8').toArray(),
    new Promise<number | null>((resolve, reject) =>
      child.once('error', reject).once('close', resolve),
    ),
  ])
  if (code !== 0) throw new Error(`curl ended with ${code}: ${errors.join('')}`)
  return output.join('')
}
