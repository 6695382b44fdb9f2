/** How builders begin what they write in the history; to people it says nothing. */
const noise = [/^\/bin\/sh -c #\(nop\)\s*/, /\s*# buildkit\s*$/]

/** The instruction as it stood in the Dockerfile, as far as the history tells. */
export function readable(createdBy: string): string {
  const plain = noise.reduce((text, each) => text.replace(each, ''), createdBy).trim()
  return plain.startsWith('/bin/sh -c ') ? `RUN ${plain.slice('/bin/sh -c '.length)}` : plain
}
