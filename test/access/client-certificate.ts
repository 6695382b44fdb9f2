import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRun, requireTool } from '../tools/process.ts'

/** PEM files of a certificate and its key. */
export type CertificateFiles = { readonly certificateFile: string; readonly keyFile: string }

export type CertificateAuthority = CertificateFiles & {
  /** Signs a certificate for clients with this common name. */
  issue(commonName: string): Promise<CertificateFiles>
}

/** Makes an authority for client certificates, with all its files in a new folder. */
export async function openAuthority(folder: string): Promise<CertificateAuthority> {
  await mkdir(folder)
  const openssl = (...args: readonly (readonly string[])[]): Promise<string> =>
    mustRun(requireTool('openssl'), args.flat())
  const newKey = (keyFile: string): string[] => {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
    return [...curve, '-nodes', '-keyout', keyFile]
  }
  const filesOf = (name: string): CertificateFiles => ({
    certificateFile: join(folder, `${name}.pem`),
    keyFile: join(folder, `${name}-key.pem`),
  })
  const own = filesOf('authority')
  await openssl(
    ['req', '-x509', '-days', '2', '-subj', '/CN=Clients', '-out', own.certificateFile],
    newKey(own.keyFile),
  )
  const extensions = join(folder, 'client.cnf')
  await writeFile(extensions, 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n')
  return {
    ...own,
    async issue(commonName) {
      const made = filesOf(commonName)
      const request = join(folder, `${commonName}.csr`)
      await openssl(
        ['req', '-new', '-subj', `/CN=${commonName}`, '-out', request],
        newKey(made.keyFile),
      )
      await openssl(
        ['x509', '-req', '-days', '1', '-in', request, '-out', made.certificateFile],
        ['-CA', own.certificateFile, '-CAkey', own.keyFile, '-CAcreateserial'],
        ['-extfile', extensions],
      )
      return made
    },
  }
}
