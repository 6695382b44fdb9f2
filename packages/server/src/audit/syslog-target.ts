import { createSocket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { connect as connectTcp, isIP, isIPv6, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { connect as connectTls } from 'node:tls'
import type { SyslogTarget } from '../config/audit-schema.ts'
import type { AuditTarget, OutgoingEntry } from './forwarder.ts'
import { syslogFrame, syslogMessage, syslogPacket } from './syslog-message.ts'

/**
 * Sends entries to a syslog server: over UDP (RFC 5426), TCP with octet counting (RFC 6587) or TLS (RFC 5425). Syslog has
 * no acknowledgement. Over TCP and TLS a batch counts as taken when the server, having read it to its end, closes the
 * connection in good order; a server that dies with unread entries resets it, and they are sent again. Over UDP nothing is
 * ever known: an entry can get lost.
 */
export function syslogTarget(settings: SyslogTarget): AuditTarget {
  const origin = { facility: settings.facility, host: hostname() }
  return {
    name: settings.name,
    async send(entries, signal) {
      if (settings.transport === 'udp') {
        await sendPackets(
          settings,
          entries.map((each) => syslogPacket(each, origin)),
          signal,
        )
      } else {
        const socket = await openStream(settings, signal)
        await sendStream(socket, framesOf(entries, origin), signal)
      }
    },
  }
}

function framesOf(
  entries: readonly OutgoingEntry[],
  origin: { facility: number; host: string },
): Buffer {
  return Buffer.concat(entries.map((each) => syslogFrame(syslogMessage(each, origin))))
}

async function openStream(settings: SyslogTarget, signal: AbortSignal): Promise<Socket> {
  const { host, port } = settings
  if (settings.transport === 'tcp') return connectTcp({ host, port, signal })
  const ca = settings.caFile === undefined ? undefined : await readFile(settings.caFile)
  return connectTls({
    host,
    port,
    ...(ca && { ca }),
    // A name in the certificate is checked against the host; of addresses TLS sends none.
    ...(isIP(host) === 0 && { servername: host }),
    minVersion: 'TLSv1.2',
  })
}

/** Resolves when the other side has read all of it and closed. */
function sendStream(socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let isRead = false
    const stop = () => socket.destroy(new Error('The syslog server did not answer in time.'))
    signal.addEventListener('abort', stop, { once: true })
    socket.once('end', () => (isRead = socket.writableFinished))
    socket.once('error', reject)
    socket.once('close', () => {
      signal.removeEventListener('abort', stop)
      if (isRead) resolve()
      else reject(new Error('The syslog server closed the connection before it read everything.'))
    })
    // It says nothing, but only a stream that is read comes to its end.
    socket.resume()
    socket.end(bytes)
    if (signal.aborted) stop()
  })
}

async function sendPackets(
  { host, port }: SyslogTarget,
  packets: readonly Buffer[],
  signal: AbortSignal,
): Promise<void> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  try {
    // Connected, so that the system reports when nobody listens there.
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(port, host, resolve)
    })
    for (const packet of packets) {
      signal.throwIfAborted()
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.send(packet, (error) => (error ? reject(error) : resolve()))
      })
      socket.removeAllListeners('error')
    }
  } finally {
    socket.on('error', () => undefined)
    socket.close()
  }
}
