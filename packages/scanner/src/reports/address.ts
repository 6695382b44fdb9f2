/** Where people read about a vulnerability, by what its id looks like. */
export function addressOf(vulnerability: string): string {
  const id = encodeURIComponent(vulnerability)
  if (vulnerability.startsWith('CVE-')) return `https://nvd.nist.gov/vuln/detail/${id}`
  if (vulnerability.startsWith('GHSA-')) return `https://github.com/advisories/${id}`
  return `https://osv.dev/vulnerability/${id}`
}
