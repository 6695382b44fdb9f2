import { pack } from 'tar-stream'

export type LayerEntry = {
  readonly name: string
  readonly content?: string | Buffer
  readonly mode?: number
  readonly type?: 'file' | 'directory' | 'symlink' | 'link' | 'fifo' | 'character-device'
  readonly linkname?: string
  readonly pax?: Record<string, string>
}

/** A tar of these entries, as a layer holds it without compression. */
export async function writeLayer(entries: readonly LayerEntry[]): Promise<Buffer> {
  const archive = pack()
  for (const { content = '', ...header } of entries)
    archive.entry({ type: 'file', mtime: new Date(0), ...header }, content)
  archive.finalize()
  const parts: Buffer[] = []
  for await (const part of archive) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

/** One header block with a right checksum, whatever else it claims. */
export function writeHeader(fields: {
  readonly name: string
  readonly size?: number
  readonly flag?: string
  readonly link?: string
}): Buffer {
  const block = Buffer.alloc(512)
  block.write(fields.name, 0, 100)
  block.write('0000644\0', 100)
  block.write(`${(fields.size ?? 0).toString(8).padStart(11, '0')}\0`, 124)
  block.write(fields.flag ?? '0', 156)
  block.write(fields.link ?? '', 157, 100)
  block.write('ustar\0', 257)
  block.write('        ', 148)
  let sum = 0
  for (const byte of block) sum += byte
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}
