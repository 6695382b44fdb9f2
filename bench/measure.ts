import { readdirSync, readFileSync } from 'node:fs'

// Linux reports process times to user space in hundredths of a second on every architecture Node runs on.
const ticksPerSecond = 100

type ProcessStat = { pid: number; parent: number; ticks: number }

/** CPU seconds that a process, its living descendants and the children it has reaped have used so far. */
export function cpuSeconds(root: number): number {
  const ticks = processTree(root).reduce((sum, process) => sum + process.ticks, 0)
  return ticks / ticksPerSecond
}

/** Sum of the peak resident sizes (VmHWM) of a process and its living descendants, in bytes. */
export function peakBytes(root: number): number {
  let total = 0
  for (const { pid } of processTree(root)) {
    const status = readProc(`/proc/${pid}/status`)
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status ?? '')?.[1]
    total += Number(kibibytes ?? 0) * 1024
  }
  return total
}

function processTree(root: number): ProcessStat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? [])
  const tree = all.filter((process) => process.pid === root)
  for (const parent of tree) {
    tree.push(...all.filter((process) => process.parent === parent.pid))
  }
  return tree
}

function readStat(pid: number): ProcessStat | undefined {
  const stat = readProc(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return { pid, parent: Number(fields[1]), ticks }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // The process ended between the listing and the read.
  }
}
