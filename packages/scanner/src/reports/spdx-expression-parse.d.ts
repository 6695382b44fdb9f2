declare module 'spdx-expression-parse' {
  type LicenseInfo =
    | { license: string; plus?: true; exception?: string }
    | { left: LicenseInfo; conjunction: 'and' | 'or'; right: LicenseInfo }
  /** Throws for what is no valid SPDX expression of known licences. */
  export default function parse(source: string): LicenseInfo
}
