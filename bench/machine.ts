import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'

/** What the figures were measured on, one line each. */
export function describeMachine(directory: string): string[] {
  return [
    `CPU: ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, shared by servers and clients`,
    `Memory: ${(totalmem() / 1024 ** 3).toFixed(0)} GiB`,
    `Disk: ${describeDisk(directory)}`,
    `System: ${describeSystem()}, kernel ${release()}`,
  ]
}

function describeDisk(directory: string): string {
  const [source, type, size] = execFileSync(
    'df',
    ['--output=source,fstype,size', '-BG', directory],
    { encoding: 'utf8' },
  )
    .trim()
    .split('\n')
    .at(-1)
    ?.trim()
    .split(/\s+/) ?? ['unknown', 'unknown', 'unknown']
  return `${source}, ${type}, ${size?.replace('G', ' GiB')}`
}

function describeSystem(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux'
  } catch {
    return 'Linux'
  }
}
