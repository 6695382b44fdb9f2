import type { ApiKeys } from '../../access/api-keys.ts'
import type { DeviceFlow } from '../../access/device-flow.ts'
import type { Groups } from '../../access/groups.ts'
import type { LdapSync } from '../../access/ldap-sync.ts'
import type { Members } from '../../access/members.ts'
import type { OidcSignIn } from '../../access/oidc.ts'
import type { OwnPassword } from '../../access/own-password.ts'
import type { Projects } from '../../access/projects.ts'
import type { Robots } from '../../access/robots.ts'
import type { SecondFactor } from '../../access/second-factor.ts'
import type { Sessions } from '../../access/sessions.ts'
import type { Setup } from '../../access/setup.ts'
import type { SignInSettings } from '../../access/sign-in-settings.ts'
import type { SignIn } from '../../access/sign-in.ts'
import type { Users } from '../../access/users.ts'
import type { Workloads } from '../../access/workloads.ts'
import type { AuditLog } from '../../audit/log.ts'
import type { TrafficView } from '../traffic.ts'
import type { Setting } from '../../config/settings-list.ts'
import type { ImmutabilityRules } from '../../immutability/rules.ts'
import type { Decisions } from '../../policy/decisions.ts'
import type { PolicyExceptions } from '../../policy/exceptions.ts'
import type { Policies } from '../../policy/policies.ts'
import type { ProjectFigures } from '../../quota/project-figures.ts'
import type { Quotas } from '../../quota/quotas.ts'
import type { ReclaimableReports } from '../../quota/reclaimable.ts'
import type { UsageReports } from '../../quota/usage-report.ts'
import type { Forwarding } from '../forwarded.ts'
import type { RequestAudit } from '../request-audit.ts'
import type { CollectionState } from '../../browse/collection.ts'
import type { ManifestBrowser } from '../../browse/manifests.ts'
import type { RepositoryBrowser } from '../../browse/repositories.ts'
import type { LayerBrowser } from '../../browse/layers.ts'
import type { RepositoryText } from '../../browse/repository-text.ts'
import type { RepositoryRemoval } from '../../browse/repository-removal.ts'
import type { SystemHealth } from '../../browse/health.ts'
import type { System } from '../../browse/system.ts'
import type { TagBrowser } from '../../browse/tags.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import type { Referrers } from '../../registry/referrers.ts'
import type { Manifests } from '../../registry/manifests.ts'
import type { Advisories } from '../../scan/advisories.ts'
import type { AdvisoryUpdates } from '../../scan/advisory-updates.ts'
import type { ImageFindings } from '../../scan/image-findings.ts'
import type { ImagePackages } from '../../scan/image-packages.ts'
import type { InstanceOverview } from '../../scan/instance-overview.ts'
import type { FindingsOverview } from '../../scan/overview.ts'
import type { LayerFiles } from '../../scan/layer-files.ts'
import type { PackageSearch } from '../../scan/package-search.ts'
import type { Reports } from '../../scan/reports.ts'
import type { Sboms } from '../../scan/sboms.ts'
import type { ScannedImages } from '../../scan/scanned-images.ts'
import type { Scans } from '../../scan/scans.ts'
import type { TrackedList } from '../../scan/tracked-list.ts'
import type { VulnerabilityImages } from '../../scan/vulnerability-images.ts'
import type { VexStatements } from '../../scan/vex.ts'
import type { ExternalScans } from '../../scanners/external-scans.ts'
import type { ScannerRegistrations } from '../../scanners/registrations.ts'
import type { Search } from '../../search/search.ts'
import type { TrustedIdentities } from '../../signatures/identities.ts'
import type { SigningKeys } from '../../signatures/keys.ts'
import type { Provenances } from '../../signatures/provenance.ts'
import type { TrustedRoots } from '../../signatures/roots.ts'
import type { ImageSigning } from '../../signatures/sign.ts'
import type { SignatureVerification } from '../../signatures/verification.ts'

/** The services behind the management API, one for each resource. */
export type ManagementDoor = {
  readonly projects: Projects
  readonly members: Members
  readonly groups: Groups
  readonly users: Users
  readonly ownPassword: OwnPassword
  readonly robots: Robots
  readonly apiKeys: ApiKeys
  readonly workloads: Workloads
  readonly audit: AuditLog
  readonly quotas: Quotas
  readonly usageReports: UsageReports
  readonly projectFigures: ProjectFigures
  readonly reclaimable: ReclaimableReports
  readonly immutability: ImmutabilityRules
  readonly policies: Policies
  readonly policyExceptions: PolicyExceptions
  readonly decisions: Decisions
  readonly sessions: Sessions
  readonly setup: Setup
  readonly signInSettings: SignInSettings
  readonly signIn: SignIn
  readonly secondFactor: SecondFactor
  readonly oidc: OidcSignIn
  /** `undefined`: no directory is asked. */
  readonly ldapSync: LdapSync | undefined
  readonly deviceFlow: DeviceFlow
  /** Whether a cookie may be bound to TLS. */
  readonly forwarding: Pick<Forwarding, 'externalOrigin'>
  readonly jobs: Jobs
  readonly collection: CollectionState
  readonly system: System
  readonly systemHealth: SystemHealth
  /** Those in force, without secrets. */
  readonly settings: () => Setting[]
  /** What this process has served lately. */
  readonly traffic: { read(since: string | undefined): TrafficView }
  readonly search: Search
  readonly scans: Scans
  readonly scannedImages: ScannedImages
  readonly imageFindings: ImageFindings
  readonly imagePackages: ImagePackages
  readonly packageSearch: PackageSearch
  readonly findingsOverview: FindingsOverview
  readonly instanceOverview: InstanceOverview
  readonly trackedList: TrackedList
  readonly vulnerabilityImages: VulnerabilityImages
  readonly reports: Reports
  readonly sboms: Sboms
  readonly vexStatements: VexStatements
  readonly advisories: Advisories
  readonly advisoryUpdates: AdvisoryUpdates
  readonly scannerRegistrations: ScannerRegistrations
  readonly externalScans: ExternalScans
  readonly repositories: RepositoryBrowser
  readonly repositoryText: RepositoryText
  readonly repositoryRemoval: RepositoryRemoval
  readonly tags: TagBrowser
  readonly manifests: ManifestBrowser
  readonly layers: LayerBrowser
  readonly layerFiles: LayerFiles
  readonly referrers: Referrers
  /** Told of manifests that are handed out. */
  readonly requestAudit: Pick<RequestAudit, 'pulled'>
  /** For turning a tag into a digest. */
  readonly registryManifests: Pick<Manifests, 'getManifest'>
  readonly signatures: SignatureVerification
  readonly provenances: Provenances
  readonly trustedIdentities: TrustedIdentities
  readonly trustedRoots: TrustedRoots
  readonly signingKeys: SigningKeys
  readonly imageSigning: ImageSigning
}
