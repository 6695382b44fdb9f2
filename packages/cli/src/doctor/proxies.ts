import type { Subject } from './check.ts'

/** The proxy that a request goes through by these variables; `undefined` when it goes straight. */
export function proxyFor(url: URL, env: Subject['env']): string | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const proxy = env[name.toLowerCase()] || env[name]
  if (!proxy) return undefined
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const exceptions = (env.no_proxy || env.NO_PROXY || '').split(/[\s,]+/).filter(Boolean)
  return exceptions.some((each) => matches(each.toLowerCase(), url.hostname, port))
    ? undefined
    : proxy
}

function matches(exception: string, hostname: string, port: string): boolean {
  if (exception === '*') return true
  const [, name = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(exception) ?? []
  if (wantedPort !== undefined && wantedPort !== port) return false
  const suffix = name.replace(/^\*?\.?/, '')
  return hostname === name || hostname === suffix || hostname.endsWith(`.${suffix}`)
}
