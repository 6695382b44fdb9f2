import type { OsvRecord } from './osv-record.ts'

const cve = /^CVE-\d{4}-\d{4,}$/
const ghsa = /^GHSA-/

/** A database's record of one vulnerability is named after it. */
const namedAfterCve = /^[A-Z]+-(CVE-\d{4}-\d{4,})$/

/**
 * What an OSV record warns of, and its other names. Distributions name the vulnerabilities behind an advisory in
 * `upstream`, older records in `related`; databases of vulnerabilities name the same one in `aliases`. A finding is
 * reported under its CVE, so that what several databases say of one meets; without one under the GHSA, else under the
 * record's own name, as malware always is.
 */
export function namesOfOsv(
  record: OsvRecord,
  isOfDistribution: boolean,
): { vulnerabilities: string[]; aliases: string[] } {
  const own = [record.id, ...(record.aliases ?? [])]
  const vulnerabilities = isMalware(record.id) ? [record.id] : reported(record, isOfDistribution)
  const aliases = own.filter(
    (name) =>
      !vulnerabilities.includes(name) &&
      // An advisory of several vulnerabilities is no other name of one of them.
      !(name === record.id && isOfDistribution),
  )
  return { vulnerabilities, aliases: unique(aliases) }
}

export function isMalware(id: string): boolean {
  return id.startsWith('MAL-')
}

function reported(record: OsvRecord, isOfDistribution: boolean): string[] {
  const own = [record.id, ...(record.aliases ?? [])]
  const named = [...own, ...(record.upstream ?? [])]
  const cves = named.filter((name) => cve.test(name))
  const inName = namedAfterCve.exec(record.id)?.[1]
  if (inName !== undefined) cves.push(inName)
  if (cves.length === 0 && isOfDistribution) {
    cves.push(...(record.related ?? []).filter((name) => cve.test(name)))
  }
  if (cves.length > 0) return unique(cves)
  return [own.find((name) => ghsa.test(name)) ?? record.id]
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)]
}
