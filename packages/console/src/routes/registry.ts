import { createRoute } from '@tanstack/react-router'
import { lazyPage } from './lazy-page.ts'
import { root, shell } from './root.ts'

// Signing in, projects, repositories, images, the own profile. Each page is loaded when it is opened.

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: lazyPage(() => import('../pages/sign-in/sign-in.tsx')),
})

const setUp = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyPage(() => import('../pages/sign-in/set-up.tsx')),
})

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: lazyPage(() => import('../pages/home/home.tsx')),
})

const device = createRoute({
  getParentRoute: () => shell,
  path: '/device',
  component: lazyPage(() => import('../pages/sign-in/device.tsx')),
})

const search = createRoute({
  getParentRoute: () => shell,
  path: '/search',
  component: lazyPage(() => import('../pages/search/search.tsx')),
})

const projects = createRoute({
  getParentRoute: () => shell,
  path: '/projects',
  component: lazyPage(() => import('../pages/projects/list.tsx')),
})

const project = createRoute({
  getParentRoute: () => shell,
  path: '/projects/$project',
  component: lazyPage(() => import('../pages/projects/project.tsx')),
})

const projectRepositories = createRoute({
  getParentRoute: () => project,
  path: '/',
  component: lazyPage(() => import('../pages/projects/repositories.tsx')),
})

const projectMembers = createRoute({
  getParentRoute: () => project,
  path: 'members',
  component: lazyPage(() => import('../pages/projects/members.tsx')),
})

const projectRobots = createRoute({
  getParentRoute: () => project,
  path: 'robots',
  component: lazyPage(() => import('../pages/projects/robots.tsx')),
})

const projectWorkloads = createRoute({
  getParentRoute: () => project,
  path: 'workloads',
  component: lazyPage(() => import('../pages/projects/workloads.tsx')),
})

const projectPolicy = createRoute({
  getParentRoute: () => project,
  path: 'policy',
  component: lazyPage(() => import('../pages/projects/policy.tsx')),
})

const projectSecurity = createRoute({
  getParentRoute: () => project,
  path: 'security',
  component: lazyPage(() => import('../pages/projects/security.tsx')),
})

const projectStorage = createRoute({
  getParentRoute: () => project,
  path: 'storage',
  component: lazyPage(() => import('../pages/projects/storage.tsx')),
})

const projectImmutability = createRoute({
  getParentRoute: () => project,
  path: 'immutability',
  component: lazyPage(() => import('../pages/projects/immutability.tsx')),
})

const projectTrust = createRoute({
  getParentRoute: () => project,
  path: 'trust',
  component: lazyPage(() => import('../pages/projects/trust.tsx')),
})

const projectAudit = createRoute({
  getParentRoute: () => project,
  path: 'audit',
  component: lazyPage(() => import('../pages/projects/audit.tsx')),
})

const projectSettings = createRoute({
  getParentRoute: () => project,
  path: 'settings',
  component: lazyPage(() => import('../pages/projects/settings.tsx')),
})

const repositories = createRoute({
  getParentRoute: () => shell,
  path: '/repositories',
  component: lazyPage(() => import('../pages/repositories/list.tsx')),
})

const repository = createRoute({
  getParentRoute: () => shell,
  path: '/repositories/$repository',
  component: lazyPage(() => import('../pages/repositories/repository.tsx')),
})

const repositoryTags = createRoute({
  getParentRoute: () => repository,
  path: '/',
  component: lazyPage(() => import('../pages/repositories/tags.tsx')),
})

const repositoryAbout = createRoute({
  getParentRoute: () => repository,
  path: 'about',
  component: lazyPage(() => import('../pages/repositories/about.tsx')),
})

const repositoryManifests = createRoute({
  getParentRoute: () => repository,
  path: 'manifests',
  component: lazyPage(() => import('../pages/repositories/manifests.tsx')),
})

const repositoryCompare = createRoute({
  getParentRoute: () => repository,
  path: 'compare',
  component: lazyPage(() => import('../pages/repositories/compare.tsx')),
})

const repositorySettings = createRoute({
  getParentRoute: () => repository,
  path: 'settings',
  component: lazyPage(() => import('../pages/repositories/settings.tsx')),
})

const image = createRoute({
  getParentRoute: () => shell,
  path: '/repositories/$repository/images/$reference',
  component: lazyPage(() => import('../pages/images/image.tsx')),
})

const imageLayers = createRoute({
  getParentRoute: () => image,
  path: '/',
  component: lazyPage(() => import('../pages/images/layers.tsx')),
})

const imageFiles = createRoute({
  getParentRoute: () => image,
  path: 'files',
  component: lazyPage(() => import('../pages/images/files.tsx')),
})

const imageConfiguration = createRoute({
  getParentRoute: () => image,
  path: 'configuration',
  component: lazyPage(() => import('../pages/images/configuration.tsx')),
})

const imageManifest = createRoute({
  getParentRoute: () => image,
  path: 'manifest',
  component: lazyPage(() => import('../pages/images/manifest.tsx')),
})

const imagePackages = createRoute({
  getParentRoute: () => image,
  path: 'packages',
  component: lazyPage(() => import('../pages/images/packages.tsx')),
})

const imageFindings = createRoute({
  getParentRoute: () => image,
  path: 'findings',
  component: lazyPage(() => import('../pages/images/findings.tsx')),
})

const imageTrust = createRoute({
  getParentRoute: () => image,
  path: 'trust',
  component: lazyPage(() => import('../pages/images/trust.tsx')),
})

const imageRelations = createRoute({
  getParentRoute: () => image,
  path: 'relations',
  component: lazyPage(() => import('../pages/images/relations.tsx')),
})

const profile = createRoute({
  getParentRoute: () => shell,
  path: '/profile',
  component: lazyPage(() => import('../pages/profile/profile.tsx')),
})

const profileAccount = createRoute({
  getParentRoute: () => profile,
  path: '/',
  component: lazyPage(() => import('../pages/profile/account.tsx')),
})

const profileKeys = createRoute({
  getParentRoute: () => profile,
  path: 'keys',
  component: lazyPage(() => import('../pages/profile/keys.tsx')),
})

const profileSessions = createRoute({
  getParentRoute: () => profile,
  path: 'sessions',
  component: lazyPage(() => import('../pages/profile/sessions.tsx')),
})

const profileSecondFactor = createRoute({
  getParentRoute: () => profile,
  path: 'second-factor',
  component: lazyPage(() => import('../pages/profile/second-factor.tsx')),
})

export const openRoutes = [signIn, setUp] as const

export const registryRoutes = [
  home,
  device,
  search,
  projects,
  project.addChildren([
    projectRepositories,
    projectMembers,
    projectRobots,
    projectWorkloads,
    projectPolicy,
    projectSecurity,
    projectStorage,
    projectImmutability,
    projectTrust,
    projectAudit,
    projectSettings,
  ]),
  repositories,
  repository.addChildren([
    repositoryTags,
    repositoryAbout,
    repositoryManifests,
    repositoryCompare,
    repositorySettings,
  ]),
  image.addChildren([
    imageLayers,
    imageFiles,
    imageConfiguration,
    imageManifest,
    imagePackages,
    imageFindings,
    imageTrust,
    imageRelations,
  ]),
  profile.addChildren([profileAccount, profileKeys, profileSessions, profileSecondFactor]),
] as const
