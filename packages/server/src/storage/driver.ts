/**
 * The port to wherever blob bytes live.
 *
 * An object is written once, from its first byte to its last, under a key that Berth generated and
 * will never generate again. Until `seal` returns, nothing may rely on it; after that it never changes
 * until it is removed. There is no rename and no copy: an upload is written where it will stay, and
 * the database decides whether it is a blob (see ARCHITECTURE.md, "Truth").
 *
 * Drivers know keys and bytes, never digests, repositories or users. `testing/storage-contract.ts` is the suite
 * that every one passes. Whatever a driver throws on purpose is `storageFull` or `unavailable`; a malformed key is `unavailable`.
 */
export interface StorageDriver {
  /** Opens a writer on a new, empty object. Throws `unavailable` if the key exists already. */
  create(key: StorageKey): Promise<ObjectWriter>

  /**
   * Opens a writer at the end of an unsealed object's first `offset` bytes; whatever was stored beyond is dropped.
   * `undefined` when the object is absent or holds fewer than `offset` bytes: the caller must start again.
   * A writer that is still open on the object is closed first: its later acts are refused.
   */
  reopen(key: StorageKey, offset: number): Promise<ObjectWriter | undefined>

  /**
   * Opens an object for reading, `undefined` when absent. Every reader must be released.
   * An unsealed object may be read too, as far as it was flushed.
   */
  open(key: StorageKey): Promise<ObjectReader | undefined>

  /** Removes an object. `false` when there was none: removing twice is not an error. Open readers may finish. */
  remove(key: StorageKey): Promise<boolean>

  /** Every stored object in ascending key order, those after `after` only. Reads in pages; never holds the whole store. */
  list(after?: StorageKey): AsyncIterable<StoredObject>

  /** Free and total bytes where the store lives; `undefined` when there is no such limit. */
  space(): Promise<{ free: number; total: number } | undefined>

  /** Closes open writers and releases every handle; open readers may finish. Calling it twice is harmless. */
  close(): Promise<void>
}

/** Appends to one object. Not safe for two callers at once: the upload session's lease sees to that. */
export interface ObjectWriter {
  /** Bytes accepted so far, counting those still in flight. */
  readonly offset: number

  /**
   * Accepts the next bytes; the caller must not change `chunk` afterwards.
   * Returns `undefined` while there is room, or a promise to wait for before the next call.
   * A failed write (full disk, broken disk) rejects this promise or the next `flush`, as `storageFull` or `unavailable`.
   */
  write(chunk: Uint8Array): Promise<void> | undefined

  /** Resolves when every accepted byte has been handed to the store (not necessarily made durable). */
  flush(): Promise<void>

  /**
   * Drops all bytes from `offset` on and clears a failed write, so that a retry can continue there.
   * Rejects with the failure when bytes before `offset` are missing, or when a sync failed: nothing can be trusted
   * then, `close` deletes the object, and the caller must start again under a new key.
   */
  rollback(offset: number): Promise<void>

  /**
   * Makes the object and its name durable: after this a power cut cannot take it. Closes the writer.
   * When it rejects, the object is not sealed and the writer is still to be closed.
   */
  seal(): Promise<void>

  /**
   * Stores what was accepted and releases the handle; `flush` first to learn whether all of it could be stored.
   * Calling it twice, or after `seal`, is harmless.
   */
  close(): Promise<void>
}

/** Reads one object at any position; safe for several reads at once. */
export interface ObjectReader {
  readonly size: number

  /** Fills `into` from `position`; returns the bytes read, fewer only at the end of the object. Throws `unavailable` on a read error. */
  read(into: Buffer, position: number): Promise<number>

  /** Gives the handle back. Calling it twice is harmless. */
  release(): void
}

/** `ab/…`: two hex digits that spread objects over folders, then a time-ordered unique id. Made by `newStorageKey` only. */
export type StorageKey = string & { readonly __brand: 'StorageKey' }

export type StoredObject = { key: StorageKey; size: number; modifiedAt: Date }
