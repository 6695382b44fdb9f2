import type { Distribution } from './package.ts'

/**
 * The last day of the makers' own free security support, by distribution and release; paid extensions (ELTS, ESM, ELS,
 * LTSS) are not counted. Debian: the end of LTS. As known in November 2026; to be compared with wiki.debian.org/LTS, ubuntu.com/about/release-cycle,
 * alpinelinux.org/releases, access.redhat.com/support/policy/updates/errata, rockylinux.org and almalinux.org release
 * pages, aws.amazon.com/amazon-linux-2/faqs, docs.fedoraproject.org/en-US/releases/eol, suse.com/lifecycle,
 * en.opensuse.org/Lifetime.
 */
const table: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  debian: {
    7: '2018-05-31',
    8: '2020-06-30',
    9: '2022-06-30',
    10: '2024-06-30',
    11: '2026-08-31',
    12: '2028-06-30',
    13: '2030-06-30',
  },
  ubuntu: {
    '12.04': '2017-04-28',
    '14.04': '2019-04-25',
    '16.04': '2021-04-30',
    '18.04': '2023-05-31',
    '18.10': '2019-07-18',
    '19.04': '2020-01-23',
    '19.10': '2020-07-17',
    '20.04': '2025-05-31',
    '20.10': '2021-07-22',
    '21.04': '2022-01-20',
    '21.10': '2022-07-14',
    '22.04': '2027-06-01',
    '22.10': '2023-07-20',
    '23.04': '2024-01-25',
    '23.10': '2024-07-11',
    '24.04': '2029-05-31',
    '24.10': '2025-07-10',
    '25.04': '2026-01-15',
    '25.10': '2026-07-09',
  },
  alpine: {
    'v3.8': '2020-05-01',
    'v3.9': '2020-11-01',
    'v3.10': '2021-05-01',
    'v3.11': '2021-11-01',
    'v3.12': '2022-05-01',
    'v3.13': '2022-11-01',
    'v3.14': '2023-05-01',
    'v3.15': '2023-11-01',
    'v3.16': '2024-05-23',
    'v3.17': '2024-11-22',
    'v3.18': '2025-05-09',
    'v3.19': '2025-11-01',
    'v3.20': '2026-04-01',
    'v3.21': '2026-11-01',
    'v3.22': '2027-05-01',
    'v3.23': '2027-11-01',
  },
  rhel: {
    5: '2017-03-31',
    6: '2020-11-30',
    7: '2024-06-30',
    8: '2029-05-31',
    9: '2032-05-31',
    10: '2035-05-31',
  },
  centos: {
    5: '2017-03-31',
    6: '2020-11-30',
    7: '2024-06-30',
    8: '2021-12-31',
    9: '2027-05-31',
    10: '2030-01-01',
  },
  rocky: { 8: '2029-05-31', 9: '2032-05-31', 10: '2035-05-31' },
  almalinux: { 8: '2029-05-31', 9: '2032-05-31', 10: '2035-05-31' },
  ol: { 6: '2021-03-31', 7: '2024-12-31', 8: '2029-07-31', 9: '2032-06-30' },
  amzn: { 2018: '2023-12-31', 2: '2026-06-30', 2023: '2029-06-30' },
  fedora: {
    34: '2022-06-07',
    35: '2022-12-13',
    36: '2023-05-16',
    37: '2023-12-05',
    38: '2024-05-21',
    39: '2024-11-26',
    40: '2025-05-13',
    41: '2025-12-15',
    42: '2026-05-13',
    43: '2026-12-09',
  },
  sles: {
    '12.5': '2024-10-31',
    15: '2019-12-31',
    '15.1': '2021-01-31',
    '15.2': '2021-12-31',
    '15.3': '2022-12-31',
    '15.4': '2023-12-31',
    '15.5': '2024-12-31',
    '15.6': '2025-12-31',
    '15.7': '2031-07-31',
  },
  'opensuse-leap': {
    '15.2': '2022-01-04',
    '15.3': '2022-12-31',
    '15.4': '2023-12-07',
    '15.5': '2024-12-31',
    '15.6': '2026-04-30',
  },
}

/** ISO day after which nobody mends the distribution; `undefined` when it is not known here or has no end. */
export function endOfLife({
  id,
  version,
  release,
}: Pick<Distribution, 'id' | 'version' | 'release'>): string | undefined {
  // CentOS Stream has the numbers of CentOS Linux; only that of 8 differs, and both are over.
  const releases = table[id]
  return releases === undefined ? undefined : (releases[release] ?? releases[version])
}
