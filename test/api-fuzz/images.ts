import { artifact, RegistryClient } from '../../packages/server/src/testing/http-client.ts'

const repositories = ['fuzz', 'fuzz/app', 'fuzz/tools/cli', 'fuzz/old', 'other/app']
const tags = ['v1', 'v2', 'latest']

/**
 * Puts a few images into the registry, so that there is something to browse and to delete. Later in a run there may be quotas
 * and rules that refuse it, which is as it should be; `isNeeded` makes a refusal an error.
 */
export async function pushImages(
  origin: string,
  admin: { readonly name: string; readonly password: string },
  isNeeded: boolean,
): Promise<void> {
  const client = new RegistryClient(origin, admin)
  try {
    for (const repository of repositories) await pushImage(client, repository)
  } catch (error) {
    if (isNeeded) throw error
  }
}

async function pushImage(client: RegistryClient, repository: string): Promise<void> {
  await client.pushBlob(repository, '{}')
  for (const tag of tags) {
    const manifest = artifact({ annotations: { tag: `${repository}:${tag}` } })
    const { status, body } = await client.pushManifest(repository, tag, manifest)
    if (status !== 201) throw new Error(`${repository}:${tag} was refused: ${body.toString()}`)
  }
}
