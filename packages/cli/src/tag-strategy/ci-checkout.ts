import { publicUrl } from '../git-remote.ts'

/** What a CI system says about the commit that it has checked out. */
export type CiCheckout = {
  readonly revision: string | undefined
  /** `undefined` for a tag. */
  readonly branch: string | undefined
  /** The branch of a pull request, which is not where it is built from. */
  readonly pullRequest: string | undefined
  readonly tag: string | undefined
  readonly mainBranch: string | undefined
  readonly remoteUrl: string | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** Reads the variables of GitHub, Forgejo and Gitea, GitLab, Woodpecker, Jenkins, Bitbucket, Azure and CircleCI. */
export function readCiCheckout(env: Environment): CiCheckout {
  const first = (...names: string[]): string | undefined =>
    names.map((name) => env[name]).find((value) => value !== undefined && value !== '')
  const reference = first('GITHUB_REF', 'BUILD_SOURCEBRANCH') ?? ''
  const ofReference = (prefix: string): string | undefined =>
    reference.startsWith(prefix) ? reference.slice(prefix.length) : undefined
  const pullRequest = first(
    'GITHUB_HEAD_REF',
    'CI_MERGE_REQUEST_SOURCE_BRANCH_NAME',
    'CI_COMMIT_SOURCE_BRANCH',
    'CHANGE_BRANCH',
    'SYSTEM_PULLREQUEST_SOURCEBRANCH',
  )?.replace(/^refs\/heads\//, '')
  const tag =
    ofReference('refs/tags/') ?? first('CI_COMMIT_TAG', 'TAG_NAME', 'BITBUCKET_TAG', 'CIRCLE_TAG')
  const branch =
    ofReference('refs/heads/') ??
    first('CI_COMMIT_BRANCH', 'BITBUCKET_BRANCH', 'CIRCLE_BRANCH', 'BRANCH_NAME') ??
    // GitLab names branch and tag alike here.
    first('CI_COMMIT_REF_NAME') ??
    first('GIT_BRANCH')?.replace(/^origin\//, '')
  const server = first('GITHUB_SERVER_URL')
  const repository = first('GITHUB_REPOSITORY')
  const remote =
    first('CI_PROJECT_URL', 'CI_REPO_URL', 'BUILD_REPOSITORY_URI', 'GIT_URL') ??
    (server !== undefined && repository !== undefined ? `${server}/${repository}` : undefined)
  return {
    revision: first('GITHUB_SHA', 'CI_COMMIT_SHA', 'GIT_COMMIT', 'BITBUCKET_COMMIT', 'CIRCLE_SHA1'),
    branch: tag === undefined && pullRequest === undefined ? branch : undefined,
    pullRequest,
    tag,
    mainBranch: first('CI_DEFAULT_BRANCH', 'CI_REPO_DEFAULT_BRANCH'),
    remoteUrl: remote === undefined ? undefined : publicUrl(remote),
  }
}

/** What to call the branch: for a pull request its own, marked so that it cannot be taken for the branch of that name. */
export function branchOfCi({ branch, pullRequest }: CiCheckout): string | undefined {
  return pullRequest === undefined ? branch : `pull-request/${pullRequest}`
}
