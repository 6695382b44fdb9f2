/**
 * How the distributions sign their own packages in the Vendor tag, in lower case, as beginnings. A package of any
 * other vendor is a third party's: the distribution's advisories say nothing of it.
 */
const distributionVendors = [
  'almalinux',
  'alt linux',
  'amazon.com',
  'amazon linux',
  'azure linux',
  'bottlerocket',
  'broadcom',
  'centos',
  'cloudlinux',
  'eurolinux',
  'fedora project',
  'http://openeuler.org',
  'https://openeuler.org',
  'mageia.org',
  'microsoft corporation',
  'miracle linux',
  'openanolis',
  'opencloudos',
  'openeuler',
  'openmandriva',
  'opensuse',
  'oracle america',
  'red hat',
  'rocky enterprise software foundation',
  'rocky linux',
  'scientific linux',
  'suse',
  'virtuozzo',
  'vmware, inc',
]

/** Whether a distribution made the package. A package that names no vendor is taken for the distribution's. */
export function isDistributionVendor(vendor: string | undefined): boolean {
  const lower = vendor?.trim().toLowerCase() ?? ''
  if (lower === '' || lower === '(none)') return true
  return distributionVendors.some((start) => lower.startsWith(start))
}
