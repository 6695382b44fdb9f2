/** Whole objects in and out of a storage driver, for tests. */
import type { ObjectReader, ObjectWriter, StorageDriver, StorageKey } from '../storage/driver.ts'

/** Writes and seals an object, chunk by chunk. */
export async function storeObject(
  driver: StorageDriver,
  key: StorageKey,
  bytes: Uint8Array,
  chunkSize = 65_536,
): Promise<void> {
  const writer = await driver.create(key)
  await writeChunks(writer, bytes, chunkSize)
  await writer.seal()
}

/** Writes `bytes` in chunks, waiting when asked to. */
export async function writeChunks(
  writer: ObjectWriter,
  bytes: Uint8Array,
  chunkSize = 65_536,
): Promise<void> {
  for (let at = 0; at < bytes.byteLength; at += chunkSize) {
    const room = writer.write(bytes.subarray(at, at + chunkSize))
    if (room !== undefined) await room
  }
}

/** What an object holds; throws when it is absent. */
export async function loadObject(driver: StorageDriver, key: StorageKey): Promise<Buffer> {
  const reader = await openObject(driver, key)
  try {
    const bytes = Buffer.alloc(reader.size)
    const count = await reader.read(bytes, 0)
    return bytes.subarray(0, count)
  } finally {
    reader.release()
  }
}

/** A reader of an object that must be there. */
export async function openObject(driver: StorageDriver, key: StorageKey): Promise<ObjectReader> {
  const reader = await driver.open(key)
  if (reader === undefined) throw new Error(`${key} is not stored`)
  return reader
}

/** A writer on an object that must be there, at `offset`. */
export async function reopenObject(
  driver: StorageDriver,
  key: StorageKey,
  offset: number,
): Promise<ObjectWriter> {
  const writer = await driver.reopen(key, offset)
  if (writer === undefined) throw new Error(`${key} does not hold ${offset} bytes`)
  return writer
}

/** The keys of every stored object after `after`, in the driver's order. */
export async function listKeys(driver: StorageDriver, after?: StorageKey): Promise<StorageKey[]> {
  const keys: StorageKey[] = []
  for await (const object of driver.list(after)) keys.push(object.key)
  return keys
}
