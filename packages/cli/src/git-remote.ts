/**
 * The address of a remote for people: HTTPS, without user and password, without `.git`. `undefined` for what is none,
 * such as a folder of this machine.
 */
export function publicUrl(remote: string): string | undefined {
  const scp = /^(?:[^@/\s]+@)?([A-Za-z0-9.-]+):(?!\/\/)(.+)$/.exec(remote)
  const text = scp === null || remote.includes('://') ? remote : `https://${scp[1]}/${scp[2]}`
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (!['https:', 'http:', 'ssh:', 'git:', 'git+ssh:'].includes(url.protocol)) return undefined
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:'
  const path = url.pathname.replace(/\/+$/, '').replace(/\.git$/, '')
  return `${isWeb ? url.protocol : 'https:'}//${isWeb ? url.host : url.hostname}${path.replace(/^\/*/, '/')}`
}
