/** The server's certificate: from files that are read again when they change, or made by Berth itself. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { Server } from 'node:https'
import { join } from 'node:path'
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls'
import { ConfigError, type ConfigFault } from '../config/config-error.ts'
import { readLimited } from '../config/read-limited.ts'
import type { Config } from '../config/schema.ts'
import type { Logger } from '../log.ts'

/** What an `https.Server` needs, now and later. */
export type ServerTls = Readonly<{
  /** For `https.createServer`. */
  options: SecureContextOptions & TlsOptions
  /** What clients must trust, when Berth made its own authority. */
  caCertificateFile: string | undefined
  /** Gives `server` each new certificate as it comes; connections that stand are not touched. */
  watch(server: Server): void
  /** When the certificate in force ends. */
  certificateEnd(): Date
  /** Stops watching. */
  close(): void
}>

type TlsFiles = Extract<Config['http']['tls'], { kind: 'files' }>

type Pair = Readonly<{ certificate: string; key: string }>

/** For tests, which cannot wait for days. */
type TlsClock = Readonly<{ now?: () => Date; pollMilliseconds?: number }>

const maxPemBytes = 1024 * 1024
const pollMilliseconds = 2000
const dayMilliseconds = 86_400_000
const warnDays = 30

/**
 * Loads or makes the certificate; `undefined` for plain HTTP. Throws `ConfigError` when the files do not hold a
 * certificate and its key. Expiry is only warned of: an operator may be about to replace the file.
 */
export async function openTls(
  config: Config['http']['tls'],
  dataDirectory: string,
  logger: Logger,
  clock: TlsClock = {},
): Promise<ServerTls | undefined> {
  if (config.kind === 'off') return undefined
  const now = clock.now ?? (() => new Date())
  const clients = readClientAuthorities(config.clientCertificates)
  if (config.kind === 'files') {
    const source = new FileSource(config, logger, now)
    return openSource(source, clients, undefined, clock.pollMilliseconds ?? pollMilliseconds)
  }
  const source = new SelfSignedSource(join(dataDirectory, 'tls'), config.hosts, logger, now)
  const { caCertificateFile } = await source.ensure()
  return openSource(
    source,
    clients,
    caCertificateFile,
    clock.pollMilliseconds ?? dayMilliseconds / 2,
  )
}

/** Where a pair comes from. */
interface PairSource {
  /** The pair in force. Throws when there is none. */
  read(): Pair
  /** A pair to take over from now on; `undefined` when nothing has changed. Never rejects. */
  poll(): Promise<Pair | undefined>
}

function openSource(
  source: PairSource,
  clients: ClientAuthorities,
  caCertificateFile: string | undefined,
  milliseconds: number,
): ServerTls {
  const timers = new Set<NodeJS.Timeout>()
  let inForce = source.read()
  return {
    options: { ...secureOptions(inForce), ...clients },
    caCertificateFile,
    watch(server) {
      let isPolling = false
      const poll = async () => {
        if (isPolling) return
        isPolling = true
        try {
          const pair = await source.poll()
          if (!pair) return
          server.setSecureContext({ ...secureOptions(pair), ...clients })
          inForce = pair
        } finally {
          isPolling = false
        }
      }
      timers.add(setInterval(() => void poll(), milliseconds).unref())
    },
    certificateEnd: () => new Date(new X509Certificate(inForce.certificate).validTo),
    close() {
      for (const timer of timers) clearInterval(timer)
    },
  }
}

/** Whose certificates clients may show; nothing when none are asked for. */
type ClientAuthorities = Pick<TlsOptions, 'ca' | 'requestCert' | 'rejectUnauthorized'>

/** Throws `ConfigError` when the file cannot be read or holds no certificate. */
function readClientAuthorities(
  settings: Exclude<Config['http']['tls'], { kind: 'off' }>['clientCertificates'],
): ClientAuthorities {
  if (settings === undefined) return {}
  const path = 'http.tls.clientCertificates.caFile'
  let ca: string
  try {
    ca = readLimited(settings.caFile, maxPemBytes)
    createSecureContext({ ca })
    // The context takes a file without certificates for an empty list.
    if (new X509Certificate(ca).raw.length === 0) throw new Error('it is empty')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError([
      {
        path,
        origin: '',
        problem: `names ${settings.caFile}, which holds no certificates in PEM: ${reason}`,
      },
    ])
  }
  return { ca, requestCert: true, rejectUnauthorized: settings.mode === 'required' }
}

function secureOptions({ certificate, key }: Pair): SecureContextOptions {
  return { cert: certificate, key, minVersion: 'TLSv1.2' }
}

class SelfSignedSource implements PairSource {
  readonly #folder: string
  readonly #hosts: readonly string[]
  readonly #logger: Logger
  readonly #now: () => Date

  constructor(folder: string, hosts: readonly string[], logger: Logger, now: () => Date) {
    this.#folder = folder
    this.#hosts = hosts
    this.#logger = logger
    this.#now = now
  }

  async ensure() {
    // Only here: the library behind it takes a while to load.
    const { ensureSelfSigned } = await import('./self-signed.ts')
    const result = await ensureSelfSigned(this.#folder, this.#hosts, this.#now())
    const { made, caCertificateFile } = result
    if (made === 'authority')
      this.#logger.warn(
        { caCertificateFile },
        'made a certificate authority, which clients must trust',
      )
    if (made === 'certificate') this.#logger.info({ hosts: this.#hosts }, 'made a new certificate')
    return result
  }

  read(): Pair {
    return {
      certificate: readLimited(join(this.#folder, 'server.pem'), maxPemBytes),
      key: readLimited(join(this.#folder, 'server-key.pem'), maxPemBytes),
    }
  }

  async poll(): Promise<Pair | undefined> {
    try {
      return (await this.ensure()).made === 'nothing' ? undefined : this.read()
    } catch (error) {
      this.#logger.error({ err: error }, 'the certificate could not be renewed; it is tried again')
      return undefined
    }
  }
}

class FileSource implements PairSource {
  readonly #files: TlsFiles
  readonly #logger: Logger
  readonly #now: () => Date
  #loaded: Pair | undefined
  /** The state of the files that was looked at last, good or bad. */
  #judged = ''
  #lastSeen = ''
  #warnedOn = 0

  constructor(files: TlsFiles, logger: Logger, now: () => Date) {
    this.#files = files
    this.#logger = logger
    this.#now = now
  }

  read(): Pair {
    const pair = readPair(this.#files)
    this.#loaded = pair
    this.#warnOfExpiry(pair)
    return pair
  }

  async poll(): Promise<Pair | undefined> {
    const state = await stateOf(this.#files)
    const isSettled = state === this.#lastSeen
    this.#lastSeen = state
    // Certificate and key are seldom replaced in one step: wait until nothing changes between two looks.
    if (!isSettled) return undefined
    if (state !== this.#judged) {
      this.#judged = state
      return this.#reload()
    }
    if (this.#loaded) this.#warnOfExpiry(this.#loaded)
    return undefined
  }

  #reload(): Pair | undefined {
    try {
      const pair = readPair(this.#files)
      if (pair.certificate === this.#loaded?.certificate && pair.key === this.#loaded.key)
        return undefined
      this.#loaded = pair
      const { validTo } = new X509Certificate(pair.certificate)
      this.#logger.info({ validTo }, 'the certificate was replaced')
      this.#warnedOn = 0
      this.#warnOfExpiry(pair)
      return pair
    } catch (error) {
      this.#logger.error(
        { err: error },
        'the new certificate is not used; the old one stays in force',
      )
      return undefined
    }
  }

  /** Once a day. */
  #warnOfExpiry({ certificate }: Pair): void {
    const now = this.#now().getTime()
    if (now - this.#warnedOn < dayMilliseconds) return
    this.#warnedOn = now
    const { validTo } = new X509Certificate(certificate)
    const days = Math.floor((Date.parse(validTo) - now) / dayMilliseconds)
    if (days < 0) this.#logger.error({ validTo }, 'the certificate has expired: clients refuse it')
    else if (days < warnDays) this.#logger.warn({ validTo, days }, 'the certificate expires soon')
  }
}

/** Follows links, so that a swapped link (Kubernetes secrets) is a change. */
async function stateOf(files: TlsFiles): Promise<string> {
  const states = [files.certificateFile, files.privateKeyFile].map(async (file) => {
    try {
      const { ino, size, mtimeMs, ctimeMs } = await stat(file)
      return `${ino} ${size} ${mtimeMs} ${ctimeMs}`
    } catch {
      return 'absent'
    }
  })
  return (await Promise.all(states)).join()
}

/** Reads both files and checks that they belong together. Throws `ConfigError` with every fault. */
function readPair(files: TlsFiles): Pair {
  const faults: ConfigFault[] = []
  const attempt = <T>(
    setting: 'certificateFile' | 'privateKeyFile',
    act: () => T,
  ): T | undefined => {
    try {
      return act()
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      faults.push({ path: `http.tls.${setting}`, origin: files[setting], problem })
      return undefined
    }
  }
  const certificate = attempt('certificateFile', () => readCertificate(files.certificateFile))
  const key = attempt('privateKeyFile', () => readKey(files.privateKeyFile))
  if (certificate !== undefined && key !== undefined) {
    attempt('privateKeyFile', () => checkMatch(certificate, key))
    if (faults.length === 0) return { certificate, key }
  }
  throw new ConfigError(faults)
}

function readCertificate(file: string): string {
  const pem = readLimited(file, maxPemBytes)
  try {
    createSecureContext({ cert: pem })
    return pem
  } catch (error) {
    throw new Error('does not hold a PEM certificate', { cause: error })
  }
}

function readKey(file: string): string {
  const pem = readLimited(file, maxPemBytes)
  try {
    createPrivateKey(pem)
    return pem
  } catch (error) {
    throw new Error('does not hold a PEM private key without a passphrase', { cause: error })
  }
}

function checkMatch(certificate: string, key: string): void {
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
    throw new Error('is not the key of the first certificate in http.tls.certificateFile')
  // Also refuses what OpenSSL finds too weak.
  createSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' })
}
