import { createRoute } from '@tanstack/react-router'
import { lazyPage } from './lazy-page.ts'
import { shell } from './root.ts'

// What security people look at.

const security = createRoute({
  getParentRoute: () => shell,
  path: '/security',
  component: lazyPage(() => import('../pages/security/overview.tsx')),
})

const securityFindings = createRoute({
  getParentRoute: () => shell,
  path: '/security/findings',
  component: lazyPage(() => import('../pages/security/findings.tsx')),
})

const securityPackages = createRoute({
  getParentRoute: () => shell,
  path: '/security/packages',
  component: lazyPage(() => import('../pages/security/packages.tsx')),
})

const securityPolicies = createRoute({
  getParentRoute: () => shell,
  path: '/security/policies',
  component: lazyPage(() => import('../pages/security/policies.tsx')),
})

const securityPolicy = createRoute({
  getParentRoute: () => shell,
  path: '/security/policy',
  component: lazyPage(() => import('../pages/security/policy.tsx')),
})

const securityExceptions = createRoute({
  getParentRoute: () => shell,
  path: '/security/exceptions',
  component: lazyPage(() => import('../pages/security/exceptions.tsx')),
})

const securityStatements = createRoute({
  getParentRoute: () => shell,
  path: '/security/statements',
  component: lazyPage(() => import('../pages/security/statements.tsx')),
})

const securityDenials = createRoute({
  getParentRoute: () => shell,
  path: '/security/denials',
  component: lazyPage(() => import('../pages/security/denials.tsx')),
})

const securityAdvisories = createRoute({
  getParentRoute: () => shell,
  path: '/security/advisories',
  component: lazyPage(() => import('../pages/security/advisories.tsx')),
})

const securityVulnerability = createRoute({
  getParentRoute: () => shell,
  path: '/security/vulnerabilities/$vulnerability',
  component: lazyPage(() => import('../pages/security/vulnerability.tsx')),
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
