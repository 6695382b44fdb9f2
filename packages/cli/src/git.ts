import { ClientError } from '@berth/client/client-error.ts'
import { publicUrl } from './git-remote.ts'
import { branchOfCi, type CiCheckout, readCiCheckout } from './tag-strategy/ci-checkout.ts'
import { runTool } from './tool.ts'

/** What the working tree says about where its content comes from. Everything may be unknown: there need be no git. */
export type GitState = {
  /** The commit, in full. */
  readonly revision: string | undefined
  readonly branch: string | undefined
  /** Tags on the commit. */
  readonly tags: readonly string[]
  /** Whether there are changes that no commit holds, files that git does not know included. */
  readonly isDirty: boolean
  /** Where it is published, as a URL for people and without credentials. */
  readonly remoteUrl: string | undefined
  readonly commitDate: Date | undefined
  /** What the remote calls its main branch, else `main` or `master` when there is one. */
  readonly mainBranch: string | undefined
  /** Why git could not be asked although there is a repository. */
  readonly fault: string | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Asks git about a folder. A CI system checks out a commit without its branch; what is missing for that is taken from
 * its variables, unless they speak of another commit. Throws `cancelled` only.
 */
export async function readGitState(
  folder: string,
  env: Environment,
  signal?: AbortSignal,
): Promise<GitState> {
  const ci = readCiCheckout(env)
  const git = async (...args: string[]): Promise<string | undefined> => {
    const { status, stdout } = await runTool('git', ['-C', folder, ...args], {
      // Reading must neither write the index nor ask for a password.
      env: { ...env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
      signal,
    })
    return status === 0 ? stdout.trim() : undefined
  }
  const inside = await isInside(folder, env, signal)
  if (inside !== true) return { ...ofCi(ci), fault: inside }
  const log = await git('log', '-1', '--format=%H %ct')
  const [revision, seconds] = log?.split(' ') ?? []
  const here = revision === ci.revision || ci.revision === undefined ? ci : readCiCheckout({})
  const mainBranch = await findMainBranch(git, ci)
  const tags = await git('tag', '--points-at', 'HEAD')
  const remote = await git('remote', 'get-url', 'origin')
  const changes = await git('status', '--porcelain', '--untracked-files=normal')
  return {
    revision: revision ?? ci.revision,
    branch:
      (await git('symbolic-ref', '--quiet', '--short', 'HEAD')) ??
      branchOfCi(here) ??
      (await branchByTip(git, mainBranch, revision)),
    tags: unique([...lines(tags), ...(here.tag === undefined ? [] : [here.tag])]),
    isDirty: changes !== undefined && changes !== '',
    remoteUrl: remote === undefined ? ci.remoteUrl : publicUrl(remote),
    commitDate: seconds === undefined ? undefined : new Date(Number(seconds) * 1000),
    mainBranch,
    fault: undefined,
  }
}

/** True, or the reason: `undefined` when there is simply no repository or no git. */
async function isInside(
  folder: string,
  env: Environment,
  signal: AbortSignal | undefined,
): Promise<true | string | undefined> {
  try {
    const options = { env: { ...env, LC_ALL: 'C' }, signal }
    const asked = await runTool(
      'git',
      ['-C', folder, 'rev-parse', '--is-inside-work-tree'],
      options,
    )
    if (asked.status === 0) return asked.stdout.trim() === 'true' ? true : undefined
    const first = asked.stderr.trim().split('\n')[0] ?? ''
    return /not a git repository|cannot change to/i.test(first) ? undefined : first
  } catch (error) {
    if (error instanceof ClientError && error.kind === 'toolMissing') return undefined
    throw error
  }
}

async function findMainBranch(
  git: (...args: string[]) => Promise<string | undefined>,
  ci: CiCheckout,
): Promise<string | undefined> {
  const head = await git('symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD')
  if (head !== undefined) return head.replace(/^origin\//, '')
  if (ci.mainBranch !== undefined) return ci.mainBranch
  const names = lines(
    await git(
      'for-each-ref',
      '--format=%(refname:lstrip=-1)',
      'refs/heads/main',
      'refs/heads/master',
      'refs/remotes/origin/main',
      'refs/remotes/origin/master',
    ),
  )
  const known = new Set([...names, ci.branch])
  return ['main', 'master'].find((name) => known.has(name))
}

/** A commit that was checked out without a branch is the main branch's when that points at it, as after a release tag. */
async function branchByTip(
  git: (...args: string[]) => Promise<string | undefined>,
  mainBranch: string | undefined,
  revision: string | undefined,
): Promise<string | undefined> {
  if (mainBranch === undefined || revision === undefined) return undefined
  const tip = await git('rev-parse', '--verify', '--quiet', `refs/remotes/origin/${mainBranch}`)
  return tip === revision ? mainBranch : undefined
}

function ofCi(ci: CiCheckout): Omit<GitState, 'fault'> {
  return {
    revision: ci.revision,
    branch: branchOfCi(ci),
    tags: ci.tag === undefined ? [] : [ci.tag],
    isDirty: false,
    remoteUrl: ci.remoteUrl,
    commitDate: undefined,
    mainBranch: ci.mainBranch,
  }
}

function lines(text: string | undefined): readonly string[] {
  return (text ?? '').split('\n').filter((line) => line !== '')
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}
