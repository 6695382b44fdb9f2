import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shell } from './root.ts'

// What security people look at.

const security = createRoute({
  getParentRoute: () => shell,
  path: '/security',
  component: lazyRouteComponent(() => import('../pages/security/overview.tsx')),
})

const securityFindings = createRoute({
  getParentRoute: () => shell,
  path: '/security/findings',
  component: lazyRouteComponent(() => import('../pages/security/findings.tsx')),
})

const securityPackages = createRoute({
  getParentRoute: () => shell,
  path: '/security/packages',
  component: lazyRouteComponent(() => import('../pages/security/packages.tsx')),
})

const securityPolicies = createRoute({
  getParentRoute: () => shell,
  path: '/security/policies',
  component: lazyRouteComponent(() => import('../pages/security/policies.tsx')),
})

const securityPolicy = createRoute({
  getParentRoute: () => shell,
  path: '/security/policy',
  component: lazyRouteComponent(() => import('../pages/security/policy.tsx')),
})

const securityExceptions = createRoute({
  getParentRoute: () => shell,
  path: '/security/exceptions',
  component: lazyRouteComponent(() => import('../pages/security/exceptions.tsx')),
})

const securityStatements = createRoute({
  getParentRoute: () => shell,
  path: '/security/statements',
  component: lazyRouteComponent(() => import('../pages/security/statements.tsx')),
})

const securityDenials = createRoute({
  getParentRoute: () => shell,
  path: '/security/denials',
  component: lazyRouteComponent(() => import('../pages/security/denials.tsx')),
})

const securityAdvisories = createRoute({
  getParentRoute: () => shell,
  path: '/security/advisories',
  component: lazyRouteComponent(() => import('../pages/security/advisories.tsx')),
})

const securityVulnerability = createRoute({
  getParentRoute: () => shell,
  path: '/security/vulnerabilities/$vulnerability',
  component: lazyRouteComponent(() => import('../pages/security/vulnerability.tsx')),
})

export const securityRoutes = [
  security,
  securityFindings,
  securityPackages,
  securityPolicies,
  securityPolicy,
  securityExceptions,
  securityStatements,
  securityDenials,
  securityAdvisories,
  securityVulnerability,
] as const
