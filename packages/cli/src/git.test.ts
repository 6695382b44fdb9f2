import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { publicUrl } from './git-remote.ts'
import { readGitState } from './git.ts'

const run = promisify(execFile)

let folder = ''
let env: Record<string, string> = {}

async function git(...args: string[]): Promise<string> {
  const { stdout } = await run('git', args, { cwd: folder, env })
  return stdout.trim()
}

async function commit(name: string): Promise<string> {
  await writeFile(join(folder, name), name)
  await git('add', '--all')
  await git('commit', '--quiet', '--message', name)
  return git('rev-parse', 'HEAD')
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-git-'))
  env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CEILING_DIRECTORIES: tmpdir(),
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.com',
    GIT_COMMITTER_DATE: '2026-11-27T18:24:43Z',
  }
})

afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a working tree', () => {
  test('tells commit, branch, tags, changes, remote and time', async () => {
    await git('init', '--quiet', '--initial-branch=trunk')
    await git('remote', 'add', 'origin', 'https://user:secret@git.example.com/acme/api.git')
    const revision = await commit('a')
    await git('tag', 'v1.2.3')
    await git('tag', 'nightly')
    await git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk')
    expect(await readGitState(folder, env)).toEqual({
      revision,
      branch: 'trunk',
      tags: ['nightly', 'v1.2.3'],
      isDirty: false,
      remoteUrl: 'https://git.example.com/acme/api',
      commitDate: new Date('2026-11-27T18:24:43Z'),
      mainBranch: 'trunk',
      fault: undefined,
    })
    await writeFile(join(folder, 'new'), '')
    expect(await readGitState(folder, env)).toMatchObject({ isDirty: true })
  })

  test('that is detached takes its branch from the CI, for this commit only', async () => {
    await git('init', '--quiet', '--initial-branch=main')
    const revision = await commit('a')
    await git('checkout', '--quiet', '--detach')
    const ci = { ...env, GITHUB_REF: 'refs/heads/topic', GITHUB_SHA: revision }
    expect(await readGitState(folder, ci)).toMatchObject({ branch: 'topic', mainBranch: 'main' })
    const other = { ...ci, GITHUB_SHA: '0'.repeat(40) }
    expect(await readGitState(folder, other)).toMatchObject({ branch: undefined })
    const gitlab = { ...env, CI_COMMIT_TAG: 'v2.0.0', CI_COMMIT_REF_NAME: 'v2.0.0' }
    expect(await readGitState(folder, gitlab)).toMatchObject({
      branch: undefined,
      tags: ['v2.0.0'],
    })
  })

  test("at the tip of the remote's main branch is on it, as after a release tag", async () => {
    await git('init', '--quiet', '--initial-branch=main')
    await commit('a')
    await git('update-ref', 'refs/remotes/origin/main', 'HEAD')
    await git('checkout', '--quiet', '--detach')
    expect(await readGitState(folder, env)).toMatchObject({ branch: 'main' })
    await commit('b')
    expect(await readGitState(folder, env)).toMatchObject({ branch: undefined })
  })

  test('of a pull request is never taken for the branch of that name', async () => {
    const state = await readGitState(folder, {
      ...env,
      GITHUB_REF: 'refs/pull/7/merge',
      GITHUB_HEAD_REF: 'main',
      GITHUB_SHA: 'a'.repeat(40),
    })
    expect(state).toMatchObject({ branch: 'pull-request/main', revision: 'a'.repeat(40) })
  })

  test('without commits, without git and without a repository is no fault', async () => {
    const nothing = { revision: undefined, branch: undefined, isDirty: false, fault: undefined }
    expect(await readGitState(folder, env)).toMatchObject(nothing)
    expect(await readGitState(folder, { ...env, PATH: '/nowhere' })).toMatchObject(nothing)
    await git('init', '--quiet', '--initial-branch=main')
    expect(await readGitState(folder, env)).toMatchObject({ revision: undefined, branch: 'main' })
  })
})

test.each([
  ['git@git.example.com:acme/api.git', 'https://git.example.com/acme/api'],
  ['ssh://git@git.example.com:2222/acme/api', 'https://git.example.com/acme/api'],
  ['https://token@git.example.com:8443/a/b/', 'https://git.example.com:8443/a/b'],
  ['http://127.0.0.1:3000/a/b.git', 'http://127.0.0.1:3000/a/b'],
  ['/srv/git/api.git', undefined],
  ['file:///srv/git/api.git', undefined],
  ['../api', undefined],
])('the remote %s is told as %s', (remote, url) => {
  expect(publicUrl(remote)).toBe(url)
})
