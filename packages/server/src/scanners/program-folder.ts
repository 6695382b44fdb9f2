import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scannerLogin } from '../access/scanner-tokens.ts'

const prefix = 'run-'
const onlyOwner = 0o600

/** Where one run of a program keeps what nobody else may see; removed at its end. */
export type RunFolder = {
  readonly folder: string
  /** Of programs that run here, with nothing of the environment of Berth. */
  readonly environment: Readonly<Record<string, string>>
}

/** The folder of a program: `cache`, which stays, and one for each run. */
export class ProgramFolder {
  readonly #folder: string
  #prepared: Promise<void> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** The program's own: its database of vulnerabilities. */
  get cache(): string {
    return join(this.#folder, 'cache')
  }

  /**
   * Runs `work` with a folder of its own. With `login` there is a configuration of docker in it that holds the token
   * for the registry there, and no other credentials of this machine.
   */
  async with<T>(
    login: { readonly registry: string; readonly token: string } | undefined,
    work: (run: RunFolder) => Promise<T>,
  ): Promise<T> {
    this.#prepared ??= this.#prepare()
    await this.#prepared
    const folder = await mkdtemp(join(this.#folder, prefix))
    try {
      const auth = Buffer.from(`${scannerLogin}:${login?.token ?? ''}`).toString('base64')
      const config = login === undefined ? {} : { auths: { [login.registry]: { auth } } }
      await writeFile(join(folder, 'config.json'), JSON.stringify(config), { mode: onlyOwner })
      return await work({
        folder,
        environment: {
          PATH: '/usr/local/bin:/usr/bin:/bin',
          HOME: folder,
          TMPDIR: folder,
          DOCKER_CONFIG: folder,
          LANG: 'C.UTF-8',
        },
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  /** What a crash left behind goes first: there may be tokens in it. */
  async #prepare(): Promise<void> {
    await mkdir(this.cache, { recursive: true })
    for (const name of await readdir(this.#folder)) {
      if (name.startsWith(prefix)) await rm(join(this.#folder, name), { recursive: true })
    }
  }
}
