/** Where distributions keep the rpm database, without a leading slash. */
const folders = ['var/lib/rpm', 'usr/lib/sysimage/rpm', 'usr/share/rpm']

/** Whether a path is the named file of the rpm database. */
export function isRpmDatabase(path: string, fileName: string): boolean {
  return folders.some((folder) => path === `${folder}/${fileName}`)
}
