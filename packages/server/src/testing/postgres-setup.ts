import type { TestProject } from 'vitest/node'
import { findPostgres, startPostgres } from './postgres-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Connection URL of the server that all tests share; each test makes its own database in it. */
    postgresUrl: string | undefined
  }
}

/** Starts one PostgreSQL for the whole run, where it is installed. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | void> {
  if (findPostgres() === undefined) {
    project.provide('postgresUrl', undefined)
    process.stderr.write('PostgreSQL is not installed: its tests are skipped.\n')
    return
  }
  const server = await startPostgres()
  project.provide('postgresUrl', server.url)
  return () => server.stop()
}
