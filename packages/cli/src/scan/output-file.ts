import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { ClientError } from '@berth/client/client-error.ts'
import type { CommandContext } from '../context.ts'
import { pathOf } from '../location.ts'

/** Writes a whole file or none; `-` is standard output. Throws `localFault`. */
export async function writeTo(
  { terminal, output }: CommandContext,
  file: string,
  text: string,
): Promise<void> {
  if (file === '-') {
    terminal.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
    return
  }
  const path = pathOf(file, terminal.cwd)
  const made = `${path}.${randomUUID()}.new`
  try {
    const handle = await open(made, 'wx')
    try {
      await handle.writeFile(text)
    } finally {
      await handle.close()
    }
    await rename(made, path)
  } catch (cause) {
    await rm(made, { force: true })
    throw new ClientError('localFault', `${file} cannot be written.`, {
      next: 'Check the folder, and the space on its disk.',
      cause,
    })
  }
  output.note(`Written to ${file}.`)
}
