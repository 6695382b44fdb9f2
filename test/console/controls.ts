import type { Role } from './seed.ts'

/** What changes something: the buttons of a page by name, and to whom each is offered. */
export type Controls = Readonly<Record<string, readonly (readonly [RegExp, readonly Role[]])[]>>

const admin: readonly Role[] = ['admin']
const owners: readonly Role[] = ['admin', 'owner']
const maintainers: readonly Role[] = [...owners, 'maintainer']
const developers: readonly Role[] = [...maintainers, 'developer']
/** Those for whom a page without a chosen project is about acme, and not about the instance. */
const ofAcme: readonly Role[] = ['owner', 'maintainer']
const signedIn: readonly Role[] = [...developers, 'auditor', 'reader', 'stranger']
const ofAcmeOrInstance: readonly Role[] = ['admin', ...ofAcme]

const api = '/repositories/acme%2Fapi'
const image = `${api}/images/1.0.0`
const imageControls = [
  [/^Scan now$/, developers],
  [/^More actions$/, maintainers],
] as const
const policyControls = (who: readonly Role[]) =>
  [
    [/^Remove the policy$/, who],
    [/^Move .+ (up|down)$/, who],
    [/^Duplicate .+/, who],
    [/^Remove (no-critical|mended-in-time|signed)$/, who],
  ] as const

export const controls: Controls = {
  '/projects': [[/^Create a project$/, admin]],
  '/projects/acme': [[/^Create a project below$/, owners]],
  '/projects/acme/members': [
    [/^Add$/, owners],
    [/^Remove /, owners],
  ],
  '/projects/acme/robots': [
    [/^Create a robot$/, owners],
    [/^What to do with acme\+deploy$/, owners],
  ],
  '/projects/acme/workloads': [[/^Create a rule$/, owners]],
  '/projects/acme/storage': [[/^Set the quota$/, admin]],
  '/projects/acme/immutability': [
    [/^Add a rule$/, maintainers],
    [/^Move rule 1 (up|down)$/, maintainers],
    [/^What to do with rule 1$/, maintainers],
  ],
  '/projects/acme/trust': [
    [/^Trust somebody$/, owners],
    [/^Remove release$/, owners],
    [/^Create a key$/, owners],
    [/^Retire the key release$/, owners],
  ],
  '/projects/acme/audit': [[/^Export$/, ['admin', 'auditor', 'owner']]],
  '/projects/acme/settings': [
    [/^Save$/, owners],
    [/^Delete the project$/, owners],
  ],
  [api]: [[/^Delete the tag /, maintainers]],
  [`${api}/about`]: [[/^Edit$/, maintainers]],
  [`${api}/manifests`]: [[/^Delete the manifest /, maintainers]],
  [`${api}/settings`]: [
    [/^Save$/, maintainers],
    [/^Delete the repository$/, maintainers],
  ],
  [image]: imageControls,
  [`${image}/packages`]: [...imageControls, [/^Attach to the image$/, developers]],
  [`${image}/trust`]: [...imageControls, [/^Check again$/, developers]],
  '/security/policy': [
    [/^Review and save$/, ofAcmeOrInstance],
    [/^Add a rule$/, ofAcmeOrInstance],
    ...policyControls(ofAcme),
  ],
  '/security/policy?project=acme': [
    [/^Review and save$/, maintainers],
    [/^Add a rule$/, maintainers],
    ...policyControls(maintainers),
  ],
  '/security/exceptions': [
    [/^New exception$/, ofAcmeOrInstance],
    [/^End now$/, ofAcmeOrInstance],
  ],
  '/security/statements': [
    [/^New statement$/, ofAcmeOrInstance],
    [/^Upload a document$/, ofAcmeOrInstance],
    [/^Revoke$/, ofAcmeOrInstance],
  ],
  '/security/advisories': [
    [/^Choose an archive$/, admin],
    [/^Import$/, admin],
  ],
  '/security/vulnerabilities/CVE-2022-37434': [
    [/^Judge it$/, ofAcmeOrInstance],
    [/^Except it$/, ofAcmeOrInstance],
    [/^End now$/, ofAcmeOrInstance],
  ],
  '/administration/users': [[/^Create a user$/, admin]],
  '/administration/users/developer': [
    [/^Disable$/, admin],
    [/^Delete$/, admin],
    [/^Save$/, admin],
    [/^Set a new password$/, admin],
  ],
  '/administration/groups': [[/^Create a group$/, admin]],
  '/administration/groups/platform': [
    [/^Delete$/, admin],
    [/^Add somebody$/, admin],
    [/^Remove: developer$/, admin],
    [/^Save$/, admin],
  ],
  '/administration/robots': [[/^Create a robot$/, admin]],
  '/administration/workloads': [[/^Create a rule$/, admin]],
  '/administration/immutability': [[/^Add a rule$/, admin]],
  '/administration/trust': [
    [/^Trust somebody$/, admin],
    [/^Import a root$/, admin],
  ],
  '/administration/audit': [[/^Export$/, ['admin', 'auditor']]],
  '/administration/collection': [
    [/^Collect now$/, admin],
    [/^Show what it would do$/, admin],
    [/^Verify everything$/, admin],
  ],
  '/administration/scanners': [[/^Register an adapter$/, admin]],
  '/profile': [[/^Change your display name$/, signedIn]],
  '/profile/keys': [[/^Create a key$/, signedIn]],
}

/** What changes nothing: sorting, copying, looking closer, filters, and what people do with their own account. */
export const reading =
  /^(Copy\b.*|(Name|Created|Size|Last push|Tag|Pushed|Project|Holds|Score|Due)( [↑↓])?|[Ss]how .*|How to pull.*|Select .* to compare|Swap the two|Download|Other clients|Try|Explain|Search|(Everything|Repositories|Labels|Tags|Projects|Packages) \(\d+\)|Critical|High|Medium|Low|Negligible|Unknown|Look it up|Clear the filters|(no-critical|mended-in-time|signed)\s[\s\S]*|Change the password|Set it up|Sign in|Go on|Sign out and sign in as somebody else|)$/
