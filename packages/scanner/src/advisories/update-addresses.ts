/** Where each kind of data is published. A mirror has the same paths below its own base. */
export const defaultAddresses = {
  /** `<ecosystem>/all.zip` below it: https://google.github.io/osv.dev/data/ */
  osv: 'https://osv-vulnerabilities.storage.googleapis.com',
  /** https://www.first.org/epss/data_stats */
  epss: 'https://epss.empiricalsecurity.com/epss_scores-current.csv.gz',
  /** https://www.cisa.gov/known-exploited-vulnerabilities-catalog */
  kev: 'https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json',
  /** Names the newest archive of the database that Grype uses; the archive's path is relative to it. */
  grype: 'https://grype.anchore.io/databases/v6/latest.json',
} as const

export type Addresses = { readonly [Kind in keyof typeof defaultAddresses]: string }

/** The licences of what OSV exports, by ecosystem: https://google.github.io/osv.dev/data/. */
const licenses: Readonly<Record<string, string>> = {
  'crates.io': 'CC0-1.0',
  AlmaLinux: 'MIT',
  Go: 'CC-BY-4.0',
  Maven: 'CC-BY-4.0',
  npm: 'CC-BY-4.0',
  NuGet: 'CC-BY-4.0',
  Packagist: 'CC-BY-4.0',
  PyPI: 'CC-BY-4.0',
  RubyGems: 'CC-BY-4.0',
  Ubuntu: 'CC-BY-SA-4.0',
}

/** `undefined` where the publisher's own terms hold. */
export function licenseOfOsv(ecosystem: string): string | undefined {
  return Object.hasOwn(licenses, ecosystem) ? licenses[ecosystem] : undefined
}
