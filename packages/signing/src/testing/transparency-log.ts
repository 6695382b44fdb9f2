/** A transparency log as Rekor is one, in memory: promises, inclusion proofs and checkpoints are really made. */
import { sign } from 'node:crypto'
import { makePair, sha256 } from './authority.ts'

export type TestLog = {
  readonly publicKey: Buffer
  readonly name: string
  /** Adds an entry. With a time it is one of Rekor 1, with a promise; without, one of Rekor 2. */
  add(body: Buffer, kind: string, version: string, integratedTime?: Date): TestLogEntry
}

/** A `TransparencyLogEntry` of protobuf-specs as JSON. */
export type TestLogEntry = {
  logIndex: string
  logId: { keyId: string }
  kindVersion: { kind: string; version: string }
  integratedTime?: string
  inclusionPromise?: { signedEntryTimestamp: string }
  inclusionProof?: {
    logIndex: string
    rootHash: string
    treeSize: string
    hashes: string[]
    checkpoint: { envelope: string }
  }
  canonicalizedBody: string
}

/** `name` is the log's host. The checkpoints of Rekor 1 add the number of its tree, by which clients tell the two. */
export async function makeLog(name: string, version: 1 | 2): Promise<TestLog> {
  const pair = await makePair()
  const id = sha256(pair.spki)
  // A log of one entry has an empty proof, which would prove little.
  const leaves: Buffer[] = [leafHash(Buffer.from('first')), leafHash(Buffer.from('second'))]

  const checkpoint = (root: Buffer): string => {
    const origin = version === 1 ? `${name} - 1193050959916656506` : name
    const note = `${origin}\n${leaves.length}\n${root.toString('base64')}\n`
    const signature = sign('sha256', Buffer.from(note), pair.privateKey)
    const line = Buffer.concat([id.subarray(0, 4), signature]).toString('base64')
    return `${note}\n— ${name} ${line}\n`
  }

  return {
    name,
    publicKey: pair.spki,
    add(body, kind, version, integratedTime) {
      const index = leaves.push(leafHash(body)) - 1
      const root = rootOf(leaves)
      const entry: TestLogEntry = {
        logIndex: String(index),
        logId: { keyId: id.toString('base64') },
        kindVersion: { kind, version },
        inclusionProof: {
          logIndex: String(index),
          rootHash: root.toString('base64'),
          treeSize: String(leaves.length),
          hashes: proofOf(index, leaves).map((hash) => hash.toString('base64')),
          checkpoint: { envelope: checkpoint(root) },
        },
        canonicalizedBody: body.toString('base64'),
      }
      if (integratedTime === undefined) return entry
      const seconds = Math.floor(integratedTime.getTime() / 1000)
      const promise = JSON.stringify({
        body: entry.canonicalizedBody,
        integratedTime: seconds,
        logID: id.toString('hex'),
        logIndex: index,
      })
      return {
        ...entry,
        integratedTime: String(seconds),
        inclusionPromise: {
          signedEntryTimestamp: sign('sha256', Buffer.from(promise), pair.privateKey).toString(
            'base64',
          ),
        },
      }
    },
  }
}

function leafHash(body: Buffer): Buffer {
  return sha256(Buffer.of(0), body)
}

/** RFC 6962, section 2.1: the largest power of two below the size splits a tree. */
function splitOf(size: number): number {
  return 2 ** Math.ceil(Math.log2(size) - 1)
}

function rootOf(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves
  if (leaves.length === 1 && only !== undefined) return only
  const split = splitOf(leaves.length)
  return sha256(Buffer.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)))
}

/** RFC 6962, section 2.1.1. */
function proofOf(index: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length === 1) return []
  const split = splitOf(leaves.length)
  return index < split
    ? [...proofOf(index, leaves.slice(0, split)), rootOf(leaves.slice(split))]
    : [...proofOf(index - split, leaves.slice(split)), rootOf(leaves.slice(0, split))]
}
