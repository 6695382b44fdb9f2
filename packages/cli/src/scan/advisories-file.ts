import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import { type AdvisoryDatabase, openAdvisories } from '@berth/scanner/advisories/database.ts'
import { AdvisoryDatabaseError, AdvisoryImportError } from '@berth/scanner/advisories/errors.ts'
import { dataFolder } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { pathOf } from '../location.ts'

/** The file of advisories that `--advisories` names, else `BERTH_ADVISORIES`, else the user's own. */
export function advisoriesFile({ terminal }: CommandContext, named: string | undefined): string {
  const given = named ?? terminal.env.BERTH_ADVISORIES
  return given === undefined
    ? join(dataFolder(terminal.env), 'advisories.db')
    : pathOf(given, terminal.cwd)
}

/** Makes the folder that the file is written to. */
export async function makeAdvisoriesFolder(file: string): Promise<void> {
  await explainAdvisories(() => mkdir(dirname(file), { recursive: true }))
}

/** Throws `notFound` when there are none yet, `localFault` when they cannot be used. */
export function openAdvisoriesFile(file: string): AdvisoryDatabase {
  try {
    return openAdvisories(file)
  } catch (error) {
    throw explain(error)
  }
}

/** Runs `work`; what is wrong with advisories becomes an error of the command. */
export async function explainAdvisories<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw explain(error)
  }
}

function explain(error: unknown): unknown {
  if (error instanceof AdvisoryImportError) {
    return new ClientError('inputInvalid', error.message, {
      next: 'Nothing was changed: the advisories that were there are still in force.',
      cause: error,
    })
  }
  if (error instanceof AdvisoryDatabaseError) {
    return new ClientError('localFault', error.message, {
      next: 'Advisories are made with: berth advisories import …, or berth advisories pull …',
      cause: error,
    })
  }
  return error
}
