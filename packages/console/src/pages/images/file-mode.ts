const letters = 'rwxrwxrwx'
const firsts: Readonly<Record<string, string>> = { directory: 'd', symlink: 'l', device: 'c' }

/** Permissions as `ls` writes them: `drwxr-xr-x`, `-rwsr-xr-x`. */
export function modeText(mode: number, kind: string): string {
  const marks = letters.split('').map((letter, index) => ((mode >> (8 - index)) & 1 ? letter : '-'))
  special(marks, 2, (mode & 0o4000) !== 0, 's')
  special(marks, 5, (mode & 0o2000) !== 0, 's')
  special(marks, 8, (mode & 0o1000) !== 0, 't')
  return `${firsts[kind] ?? '-'}${marks.join('')}`
}

/** Set-user-id and the like stand in the place of the right to execute. */
function special(marks: string[], place: number, isSet: boolean, letter: string): void {
  if (isSet) marks[place] = marks[place] === 'x' ? letter : letter.toUpperCase()
}
