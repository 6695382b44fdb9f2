import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { dockerHub, formatRepositoryAddress } from '@berth/client/image-reference.ts'
import {
  certificateFolders,
  readRegistryCertificates,
} from '@berth/client/transport/registry-certificates.ts'
import { isLoopbackHost } from '@berth/client/transport/loopback.ts'
import { formatDuration } from '../format.ts'
import { type Answer, type Check, fail, ok, type Subject, skipped, warn } from './check.ts'
import { checkCertificate } from './certificate.ts'
import { proxyFor } from './proxies.ts'

const group = 'registries'
const skewWarnMs = 30_000
const skewFailMs = 5 * 60_000

/** What lies between this machine and each registry, and what may be done in each repository. */
export function registryChecks(subject: Subject): readonly Check[] {
  return [
    ...subject.registries.flatMap((registry): Check[] => [
      { group, name: `${registry} name`, run: () => checkName(subject, registry) },
      {
        group,
        name: `${registry} certificate`,
        run: (signal) => checkTls(subject, registry, signal),
      },
      {
        group,
        name: `${registry} answer`,
        run: (signal) => checkAnswer(subject, registry, signal),
      },
    ]),
    ...subject.repositories.flatMap((address): Check[] => {
      const name = formatRepositoryAddress(address)
      return [
        {
          group,
          name: `pull from ${name}`,
          run: async (signal) => {
            await (await subject.client()).repository(address).checkPull(signal)
            return ok('allowed')
          },
        },
        {
          group,
          name: `push to ${name}`,
          run: async (signal) => {
            await (await subject.client()).repository(address).checkPush(signal)
            return ok('allowed: an upload was begun and cancelled')
          },
        },
      ]
    }),
  ]
}

/** Where requests for a registry go: Docker Hub has a host of its own for them. */
function urlOf(registry: string): URL {
  return new URL(`https://${registry === dockerHub ? 'registry-1.docker.io' : registry}`)
}

async function checkName({ env }: Subject, registry: string): Promise<Answer> {
  const url = urlOf(registry)
  const hostname = url.hostname.replaceAll(/[[\]]/g, '')
  if (isIP(hostname) !== 0) return skipped('it is an address already')
  const proxy = proxyFor(url, env)
  if (proxy !== undefined) return skipped(`the proxy ${new URL(proxy).host} looks it up`)
  try {
    const addresses = await lookup(hostname, { all: true })
    return ok(
      addresses
        .map(({ address }) => address)
        .slice(0, 4)
        .join(', '),
    )
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return fail(
      `${hostname} cannot be looked up (${code})`,
      'Check the spelling, /etc/resolv.conf and the network.',
    )
  }
}

async function checkTls(subject: Subject, registry: string, signal: AbortSignal): Promise<Answer> {
  const url = urlOf(registry)
  if (subject.plainHttp.has(registry)) return skipped('reached without TLS, as --plain-http says')
  const proxy = proxyFor(url, subject.env)
  if (proxy !== undefined) {
    return skipped(`behind the proxy ${new URL(proxy).host}; "${registry} answer" covers it`)
  }
  const own = readRegistryCertificates(registry, certificateFolders(subject.home))
  const authorities = [...subject.certificates, ...own.authorities]
  const answer = await checkCertificate(url, { authorities, client: own.client }, signal)
  if (answer.status === 'fail' && isLoopbackHost(url.hostname)) {
    const client = await subject.client()
    const origin = await client.probe(registry, signal).then(
      (probe) => probe.origin,
      () => '',
    )
    if (origin.startsWith('http:')) return skipped('on this machine, reached without TLS')
  }
  return answer
}

/** Whether a registry answers, what it is, and whether its clock and ours agree. */
async function checkAnswer(
  subject: Subject,
  registry: string,
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  const client = await subject.client()
  const sentAt = Date.now()
  const probe = await client.probe(registry, signal)
  const took = Date.now() - sentAt
  const kind = await client.kindOf(registry, signal)
  const answer = ok(`${kind.title} at ${probe.origin}, status ${probe.status} in ${took} ms`)
  return [answer, { name: `${registry} clock`, ...checkClock(probe.headers.date, sentAt, took) }]
}

function checkClock(header: string | string[] | undefined, sentAt: number, took: number): Answer {
  const theirs = Date.parse(String(header))
  if (Number.isNaN(theirs)) return skipped('it sends no Date')
  // A Date has whole seconds, and was written somewhere between asking and being answered.
  const earliest = theirs - sentAt - took
  const latest = theirs + 1000 - sentAt
  const skew = earliest > 0 ? earliest : Math.min(latest, 0)
  const seen = `ours is ${formatDuration(Math.abs(skew))} ${skew > 0 ? 'behind' : 'ahead'}`
  const mend = 'Set the clock of whichever is wrong: timedatectl set-ntp true'
  if (Math.abs(skew) >= skewFailMs)
    return fail(`${seen}: tokens and certificates will be refused`, mend)
  if (Math.abs(skew) >= skewWarnMs) return warn(seen, mend)
  return ok('agrees with ours')
}
