import { advisoryRoutes } from './advisories.ts'
import { auditRoutes } from './audit.ts'
import { apiKeyRoutes } from './api-keys.ts'
import type { Binding } from './call.ts'
import { configurationRoutes } from './configuration.ts'
import { deviceFlowRoutes } from './device-flow.ts'
import { findingRoutes } from './findings.ts'
import { groupRoutes } from './groups.ts'
import { memberRoutes } from './members.ts'
import { oidcRoutes } from './oidc.ts'
import { projectRoutes } from './projects.ts'
import { robotRoutes } from './robots.ts'
import { secondFactorRoutes } from './second-factor.ts'
import { signInSettingsRoutes } from './sign-in-settings.ts'
import { setupRoutes } from './setup.ts'
import { sessionRoutes } from './session.ts'
import { sessionsRoutes } from './sessions.ts'
import { userRoutes } from './users.ts'
import { vexRoutes } from './vex.ts'
import { workloadRoutes } from './workloads.ts'
import { collectionRoutes } from './collection.ts'
import { immutabilityRoutes } from './immutability.ts'
import { decisionRoutes } from './decisions.ts'
import { policyRoutes } from './policies.ts'
import { policyExceptionRoutes } from './policy-exceptions.ts'
import { jobRoutes } from './jobs.ts'
import { layerRoutes } from './layers.ts'
import { manifestRoutes } from './manifests.ts'
import { referrerRoutes } from './referrers.ts'
import { quotaRoutes } from './quotas.ts'
import { repositoryRoutes } from './repositories.ts'
import { sbomRoutes } from './sboms.ts'
import { scanRoutes } from './scans.ts'
import { scannerRoutes } from './scanners.ts'
import { searchRoutes } from './search.ts'
import { signatureRoutes } from './signatures.ts'
import { signingKeyRoutes } from './signing-keys.ts'
import { systemRoutes } from './system.ts'
import { trafficRoutes } from './traffic.ts'
import { trustedIdentityRoutes } from './trusted-identities.ts'
import { trustedRootRoutes } from './trusted-roots.ts'
import { tagRoutes } from './tags.ts'
import { verificationRoutes } from './verification.ts'
import { vulnerabilityRoutes } from './vulnerabilities.ts'

/** Every route of the management API. A resource adds its list here, and the import of it above. */
export const managementRoutes: readonly Binding[] = [
  ...projectRoutes,
  ...memberRoutes,
  ...groupRoutes,
  ...userRoutes,
  ...setupRoutes,
  ...signInSettingsRoutes,
  ...sessionRoutes,
  ...sessionsRoutes,
  ...secondFactorRoutes,
  ...oidcRoutes,
  ...deviceFlowRoutes,
  ...robotRoutes,
  ...apiKeyRoutes,
  ...workloadRoutes,
  ...auditRoutes,
  ...quotaRoutes,
  ...immutabilityRoutes,
  ...policyRoutes,
  ...policyExceptionRoutes,
  ...decisionRoutes,
  ...repositoryRoutes,
  ...tagRoutes,
  ...manifestRoutes,
  ...layerRoutes,
  ...referrerRoutes,
  ...searchRoutes,
  ...scanRoutes,
  ...scannerRoutes,
  ...findingRoutes,
  ...vulnerabilityRoutes,
  ...vexRoutes,
  ...sbomRoutes,
  ...advisoryRoutes,
  ...jobRoutes,
  ...collectionRoutes,
  ...verificationRoutes,
  ...signatureRoutes,
  ...trustedIdentityRoutes,
  ...trustedRootRoutes,
  ...signingKeyRoutes,
  ...systemRoutes,
  ...trafficRoutes,
  ...configurationRoutes,
]
