import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The first executable of that name in `PATH` or the system folders. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return [...folders, '/usr/sbin', '/usr/local/sbin']
    .map((folder) => join(folder, name))
    .find((path) => isExecutable(path))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The first version number in what a program prints about itself. */
export function programVersion(program: string, args: string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return /\d+\.\d+\S*/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown version'
}

/** A program that `go install` put into the project's own tools. */
export function builtProgram(name: string): string | undefined {
  const path = fileURLToPath(new URL(`../../.tools/bin/${name}`, import.meta.url))
  return isExecutable(path) ? path : undefined
}

/** A program that `go install` built does not know its version, but the Go tools read it from the binary. */
export function goModuleVersion(program: string): string {
  const { stdout } = spawnSync('go', ['version', '-m', program], { encoding: 'utf8' })
  return /\tmod\t\S+\t(\S+)/.exec(stdout ?? '')?.[1] ?? 'unknown version'
}
