import { createRoute } from '@tanstack/react-router'
import { lazyPage } from './lazy-page.ts'
import { shell } from './root.ts'

// What operators look at.

const administrationUsers = createRoute({
  getParentRoute: () => shell,
  path: '/administration/users',
  component: lazyPage(() => import('../pages/administration/users.tsx')),
})

const administrationUser = createRoute({
  getParentRoute: () => shell,
  path: '/administration/users/$user',
  component: lazyPage(() => import('../pages/administration/user.tsx')),
})

const administrationGroups = createRoute({
  getParentRoute: () => shell,
  path: '/administration/groups',
  component: lazyPage(() => import('../pages/administration/groups.tsx')),
})

const administrationGroup = createRoute({
  getParentRoute: () => shell,
  path: '/administration/groups/$group',
  component: lazyPage(() => import('../pages/administration/group.tsx')),
})

const administrationRobots = createRoute({
  getParentRoute: () => shell,
  path: '/administration/robots',
  component: lazyPage(() => import('../pages/administration/robots.tsx')),
})

const administrationWorkloads = createRoute({
  getParentRoute: () => shell,
  path: '/administration/workloads',
  component: lazyPage(() => import('../pages/administration/workloads.tsx')),
})

const administrationImmutability = createRoute({
  getParentRoute: () => shell,
  path: '/administration/immutability',
  component: lazyPage(() => import('../pages/administration/immutability.tsx')),
})

const administrationTrust = createRoute({
  getParentRoute: () => shell,
  path: '/administration/trust',
  component: lazyPage(() => import('../pages/administration/trust.tsx')),
})

const administrationAudit = createRoute({
  getParentRoute: () => shell,
  path: '/administration/audit',
  component: lazyPage(() => import('../pages/administration/audit.tsx')),
})

const administrationJobs = createRoute({
  getParentRoute: () => shell,
  path: '/administration/jobs',
  component: lazyPage(() => import('../pages/administration/jobs.tsx')),
})

const administrationJob = createRoute({
  getParentRoute: () => shell,
  path: '/administration/jobs/$job',
  component: lazyPage(() => import('../pages/administration/job.tsx')),
})

const administrationCollection = createRoute({
  getParentRoute: () => shell,
  path: '/administration/collection',
  component: lazyPage(() => import('../pages/administration/collection.tsx')),
})

const administrationStorage = createRoute({
  getParentRoute: () => shell,
  path: '/administration/storage',
  component: lazyPage(() => import('../pages/administration/storage.tsx')),
})

const administrationSystem = createRoute({
  getParentRoute: () => shell,
  path: '/administration/system',
  component: lazyPage(() => import('../pages/administration/system.tsx')),
})

const administrationScanners = createRoute({
  getParentRoute: () => shell,
  path: '/administration/scanners',
  component: lazyPage(() => import('../pages/administration/scanners.tsx')),
})

const administrationSignIn = createRoute({
  getParentRoute: () => shell,
  path: '/administration/sign-in',
  component: lazyPage(() => import('../pages/administration/sign-in.tsx')),
})

const administrationConfiguration = createRoute({
  getParentRoute: () => shell,
  path: '/administration/configuration',
  component: lazyPage(() => import('../pages/administration/configuration.tsx')),
})

export const administrationRoutes = [
  administrationUsers,
  administrationUser,
  administrationGroups,
  administrationGroup,
  administrationRobots,
  administrationWorkloads,
  administrationImmutability,
  administrationTrust,
  administrationAudit,
  administrationJobs,
  administrationJob,
  administrationCollection,
  administrationStorage,
  administrationSystem,
  administrationScanners,
  administrationSignIn,
  administrationConfiguration,
] as const
