type Named = {
  readonly vulnerability: string
  readonly fixedVersion?: string | null | undefined
  readonly package: string
  readonly version: string
}

/**
 * Packages of one source have the same version and the same vulnerabilities: for people they are one line. The order
 * stays.
 */
export function groupFindings<Finding>(
  findings: readonly Finding[],
  nameOf: (finding: Finding) => Named,
): readonly { readonly finding: Finding; readonly packages: string }[] {
  const groups = new Map<string, { finding: Finding; names: string[] }>()
  for (const finding of findings) {
    const { vulnerability, fixedVersion, package: name, version } = nameOf(finding)
    const key = JSON.stringify([vulnerability, version, fixedVersion])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { finding, names: [name] })
    else group.names.push(name)
  }
  return [...groups.values()].map(({ finding, names: [first = '', ...others] }) => ({
    finding,
    packages: others.length === 0 ? first : `${first} +${others.length}`,
  }))
}
