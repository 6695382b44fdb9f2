import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shell } from './root.ts'

// What operators look at.

const administrationUsers = createRoute({
  getParentRoute: () => shell,
  path: '/administration/users',
  component: lazyRouteComponent(() => import('../pages/administration/users.tsx')),
})

const administrationUser = createRoute({
  getParentRoute: () => shell,
  path: '/administration/users/$user',
  component: lazyRouteComponent(() => import('../pages/administration/user.tsx')),
})

const administrationGroups = createRoute({
  getParentRoute: () => shell,
  path: '/administration/groups',
  component: lazyRouteComponent(() => import('../pages/administration/groups.tsx')),
})

const administrationGroup = createRoute({
  getParentRoute: () => shell,
  path: '/administration/groups/$group',
  component: lazyRouteComponent(() => import('../pages/administration/group.tsx')),
})

const administrationRobots = createRoute({
  getParentRoute: () => shell,
  path: '/administration/robots',
  component: lazyRouteComponent(() => import('../pages/administration/robots.tsx')),
})

const administrationWorkloads = createRoute({
  getParentRoute: () => shell,
  path: '/administration/workloads',
  component: lazyRouteComponent(() => import('../pages/administration/workloads.tsx')),
})

const administrationImmutability = createRoute({
  getParentRoute: () => shell,
  path: '/administration/immutability',
  component: lazyRouteComponent(() => import('../pages/administration/immutability.tsx')),
})

const administrationTrust = createRoute({
  getParentRoute: () => shell,
  path: '/administration/trust',
  component: lazyRouteComponent(() => import('../pages/administration/trust.tsx')),
})

const administrationAudit = createRoute({
  getParentRoute: () => shell,
  path: '/administration/audit',
  component: lazyRouteComponent(() => import('../pages/administration/audit.tsx')),
})

const administrationJobs = createRoute({
  getParentRoute: () => shell,
  path: '/administration/jobs',
  component: lazyRouteComponent(() => import('../pages/administration/jobs.tsx')),
})

const administrationJob = createRoute({
  getParentRoute: () => shell,
  path: '/administration/jobs/$job',
  component: lazyRouteComponent(() => import('../pages/administration/job.tsx')),
})

const administrationCollection = createRoute({
  getParentRoute: () => shell,
  path: '/administration/collection',
  component: lazyRouteComponent(() => import('../pages/administration/collection.tsx')),
})

const administrationStorage = createRoute({
  getParentRoute: () => shell,
  path: '/administration/storage',
  component: lazyRouteComponent(() => import('../pages/administration/storage.tsx')),
})

const administrationSystem = createRoute({
  getParentRoute: () => shell,
  path: '/administration/system',
  component: lazyRouteComponent(() => import('../pages/administration/system.tsx')),
})

const administrationScanners = createRoute({
  getParentRoute: () => shell,
  path: '/administration/scanners',
  component: lazyRouteComponent(() => import('../pages/administration/scanners.tsx')),
})

const administrationSignIn = createRoute({
  getParentRoute: () => shell,
  path: '/administration/sign-in',
  component: lazyRouteComponent(() => import('../pages/administration/sign-in.tsx')),
})

const administrationConfiguration = createRoute({
  getParentRoute: () => shell,
  path: '/administration/configuration',
  component: lazyRouteComponent(() => import('../pages/administration/configuration.tsx')),
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
