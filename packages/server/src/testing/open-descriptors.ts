/** Looks at, and breaks, the file descriptors of this process (Linux): real faults without mocks. */
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs'

/** The descriptors whose file lies under `path`; a deleted file counts. */
export function descriptorsUnder(path: string): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => targetOf(fd).startsWith(path))
}

/**
 * Puts another file, which must exist, in the place of an open one. `/dev/full` refuses every write as a full disk does,
 * `/dev/null` cannot be synced, `/proc/self/mem` cannot be read at 0.
 */
export function replaceDescriptor(fd: number, path: string): void {
  closeSync(fd)
  const others: number[] = []
  for (;;) {
    const opened = openSync(path, path === '/proc/self/mem' ? 'r' : 'r+')
    if (opened === fd) break
    others.push(opened)
    if (opened > fd) throw new Error(`descriptor ${fd} was taken by another file`)
  }
  for (const other of others) closeSync(other)
}

function targetOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}
