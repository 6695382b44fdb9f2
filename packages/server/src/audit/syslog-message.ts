import { jsonLine } from './entry-line.ts'
import type { OutgoingEntry } from './forwarder.ts'

const notice = 5
const warning = 4
/** UDP carries at most 65,507 bytes in one packet. */
const packetMax = 65_000

/**
 * A message of RFC 5424 whose text is the line of an export. The severity is `notice`, `warning` for what was denied or
 * went wrong; MSGID is the action.
 */
export function syslogMessage(
  { entry, line }: OutgoingEntry,
  origin: { facility: number; host: string },
): Buffer {
  const severity = entry.outcome === 'success' ? notice : warning
  const priority = origin.facility * 8 + severity
  const header = [
    `<${priority}>1`,
    entry.at,
    printable(origin.host, 255),
    'berth',
    '-',
    printable(entry.action, 32),
    '-',
  ]
  return Buffer.from(`${header.join(' ')} ${line}`)
}

/** The message as one packet; what is too large for it loses `before` and `after`, and then does not match its hash. */
export function syslogPacket(
  outgoing: OutgoingEntry,
  origin: { facility: number; host: string },
): Buffer {
  const message = syslogMessage(outgoing, origin)
  if (message.length <= packetMax) return message
  const entry = { ...outgoing.entry, before: null, after: null }
  return syslogMessage({ entry, line: jsonLine(entry) }, origin)
}

/** A message in a stream: its length in bytes goes before it (RFC 6587 octet counting, RFC 5425). */
export function syslogFrame(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message])
}

/** PRINTUSASCII of RFC 5424; `-` stands for what is not known. */
function printable(text: string, max: number): string {
  return text.replaceAll(/[^\u0021-\u007e]/g, '_').slice(0, max) || '-'
}
