import { createClient, type ApiClient } from '@berth/api/client.ts'
import { deleteManifest, listManifests } from '@berth/api/manifests.ts'
import { listRepositories } from '@berth/api/repositories.ts'
import { deleteTag, listTags } from '@berth/api/tags.ts'

export type StoredImage = {
  readonly digest: string
  readonly mediaType: string
  readonly tags: readonly string[]
  readonly createdAt: string
}

/** The real registry behind a stand-in, a Berth: what is stored there, and deleting it. */
export class Backend {
  readonly port: number
  readonly authorization: string
  readonly #client: ApiClient

  constructor({ port, username, password }: { port: number; username: string; password: string }) {
    this.port = port
    this.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    this.#client = createClient({
      baseUrl: `http://127.0.0.1:${port}`,
      credentials: { kind: 'password', name: username, password },
    })
  }

  async repositories(): Promise<string[]> {
    const found: string[] = []
    for await (const page of this.#client.pages(listRepositories, {})) {
      found.push(...page.map(({ name }) => name))
    }
    return found.sort()
  }

  /** `undefined` when there is no such repository. */
  async images(repository: string): Promise<readonly StoredImage[] | undefined> {
    if (!(await this.repositories()).includes(repository)) return undefined
    const params = { repository }
    const tags: { name: string; digest: string }[] = []
    for await (const page of this.#client.pages(listTags, { params })) tags.push(...page)
    const images: StoredImage[] = []
    for await (const page of this.#client.pages(listManifests, { params })) {
      for (const { digest, mediaType, createdAt } of page) {
        const own = tags.filter((tag) => tag.digest === digest).map(({ name }) => name)
        images.push({ digest, mediaType, createdAt, tags: own })
      }
    }
    return images
  }

  async deleteImage(repository: string, digest: string): Promise<void> {
    await this.#client.call(deleteManifest, { params: { repository, digest } })
  }

  async deleteTag(repository: string, tag: string): Promise<void> {
    await this.#client.call(deleteTag, { params: { repository, tag } })
  }
}
