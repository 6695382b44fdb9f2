import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readLayout, type Layout, writeTarLayout } from '../fixtures/layout.ts'
import { mustRun } from '../tools/process.ts'
import type { Registry } from './registry.ts'

export const blockedProject = 'gated'
/** Images of two layers, as the small layouts hold, are blocked by this; those of one are not. */
const document = `apiVersion: berth/v1
rules:
  - name: one-layer
    maximumLayers: { layers: 1 }
`

/** What a client has to show, whole and in this order; some quote it once more. */
export const blockedReason = /blocked by Berth policy \\*"one-layer\\*": 2 layers, more than 1/

const readerPassword = 'heron basalt umbrella'

/** A project whose images with more than one layer are blocked, and somebody who may only pull them. */
export async function gateProject(
  registry: Registry,
): Promise<{ username: string; password: string }> {
  await call(registry, 'POST', '/projects', { name: blockedProject, visibility: 'private' })
  await call(registry, 'POST', '/users', { name: 'puller', password: readerPassword })
  await call(registry, 'PUT', `/projects/${blockedProject}/members/user/puller`, { role: 'reader' })
  await call(registry, 'PUT', `/projects/${blockedProject}/policy`, { document })
  return { username: 'puller', password: readerPassword }
}

/** An image of one layer. */
export async function mendedLayout(registry: Registry, seed: string): Promise<Layout> {
  const folder = join(registry.scratch, `mended-${seed}`)
  await mkdir(join(folder, 'files'), { recursive: true })
  await writeFile(join(folder, 'files/mended.txt'), `mended ${seed}\n`)
  const archive = join(folder, 'layer.tar')
  await mustRun('tar', ['-C', join(folder, 'files'), '-cf', archive, '.'])
  const layout = join(folder, 'layout')
  await writeTarLayout(layout, archive, 1)
  return readLayout(layout)
}

async function call(registry: Registry, method: string, path: string, body: object): Promise<void> {
  const basic = Buffer.from(`${registry.username}:${registry.password}`).toString('base64')
  const response = await fetch(`http://${registry.host}/api/v1${path}`, {
    method,
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok)
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
}
