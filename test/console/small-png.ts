import { constants, crc32, deflateSync, inflateSync } from 'node:zlib'

type Chunk = { readonly type: string; readonly data: Buffer }

const signatureBytes = 8
/** Of colour without and with transparency, 8 bits each: what browsers write. */
const bytesOfPoint: Readonly<Record<number, number>> = { 2: 3, 6: 4 }

/**
 * The same picture in fewer bytes. Browsers filter the points, which helps with photographs; a page has flat areas, and lines
 * that come again, which compress better as they are. Throws for a PNG of another kind than browsers write.
 */
export function smallPng(png: Buffer): Buffer {
  const chunks = chunksOf(png)
  const head = chunks.find(({ type }) => type === 'IHDR')?.data
  const pointBytes = head && bytesOfPoint[head.readUInt8(9)]
  if (!head || pointBytes === undefined || head.readUInt8(8) !== 8 || head.readUInt8(12) !== 0) {
    throw new TypeError('This is no PNG of 8 bits a colour, without interlacing.')
  }
  const points = chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)
  const plain = unfiltered(inflateSync(Buffer.concat(points)), {
    rowBytes: head.readUInt32BE(0) * pointBytes,
    pointBytes,
  })
  const data = deflateSync(plain, { level: constants.Z_BEST_COMPRESSION, memLevel: 9 })
  return Buffer.concat([
    png.subarray(0, signatureBytes),
    toBytes({ type: 'IHDR', data: head }),
    toBytes({ type: 'IDAT', data }),
    toBytes({ type: 'IEND', data: Buffer.alloc(0) }),
  ])
}

function chunksOf(png: Buffer): Chunk[] {
  const chunks: Chunk[] = []
  for (let at = signatureBytes; at < png.length; ) {
    const size = png.readUInt32BE(at)
    const type = png.toString('latin1', at + 4, at + 8)
    chunks.push({ type, data: png.subarray(at + 8, at + 8 + size) })
    at += size + 12
  }
  return chunks
}

function toBytes({ type, data }: Chunk): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const bytes = Buffer.alloc(body.length + 8)
  bytes.writeUInt32BE(data.length, 0)
  body.copy(bytes, 4)
  bytes.writeUInt32BE(crc32(body), body.length + 4)
  return bytes
}

/** Rows of points, each after a byte that names its filter; that of the answer is always none. */
function unfiltered(
  rows: Buffer,
  { rowBytes, pointBytes }: { rowBytes: number; pointBytes: number },
) {
  const plain = Buffer.alloc(rows.length)
  const step = rowBytes + 1
  for (let start = 0; start < rows.length; start += step) {
    const filter = rows.readUInt8(start)
    for (let at = start + 1; at < start + step; at++) {
      const hasLeft = at - start > pointBytes
      const left = hasLeft ? (plain[at - pointBytes] ?? 0) : 0
      const above = plain[at - step] ?? 0
      const corner = hasLeft ? (plain[at - step - pointBytes] ?? 0) : 0
      plain[at] = (rows[at] ?? 0) + guess(filter, left, above, corner)
    }
  }
  return plain
}

/** What the filters of PNG take a byte to be, from those beside it (section 9 of the specification). */
function guess(filter: number, left: number, above: number, corner: number): number {
  switch (filter) {
    case 1:
      return left
    case 2:
      return above
    case 3:
      return (left + above) >> 1
    case 4: {
      const [toLeft, toAbove] = [Math.abs(above - corner), Math.abs(left - corner)]
      const toCorner = Math.abs(left + above - 2 * corner)
      if (toLeft <= toAbove && toLeft <= toCorner) return left
      return toAbove <= toCorner ? above : corner
    }
    default:
      return 0
  }
}
