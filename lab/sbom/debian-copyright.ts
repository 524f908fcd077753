import { licencesInText } from './licence-text.js'

/** Longer than any name of a licence: the text of one instead. */
const LONGEST_NAME = 60

/**
 * The licences that a Debian copyright file names: of each stanza where it is in the machine-readable format, else those
 * of /usr/share/common-licenses that it points to, and those whose text it has.
 */
export function licencesOfCopyright(text: string): string[] {
  const names = isMachineReadable(text) ? ofStanzas(text) : []
  return names.length > 0 ? names : ofWords(text)
}

const isMachineReadable = (text: string): boolean => /^Format(-Specification)?:/im.test(text.slice(0, 1000))

function ofStanzas(text: string): string[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    // A stanza without files only has the text of a licence that others name.
    if (!/^(Files|Format(-Specification)?):/im.test(stanza)) return []
    const name = /^License:[ \t]*(\S.*)$/im.exec(stanza)?.[1]?.trim()
    if (name === undefined) return []
    return name.length > LONGEST_NAME || /^(Permission|Redistribution|This software)\b/.test(name)
      ? licencesInText(stanza)
      : [name]
  })
}

function ofWords(text: string): string[] {
  // Whether a later version may be taken is not in the name of the file.
  const common = [...text.matchAll(/(common-licenses\/[\w.+-]*\w)/g)].map(([, path = '']) => path)
  const found = [...common, ...licencesInText(text)]
  return found.length > 0 ? found : named(text)
}

/** Of a text that only speaks of them. */
function named(text: string): string[] {
  const words = text.replaceAll(/\s+/g, ' ')
  const known = { LGPL: 'GNU Lesser General Public License', GPL: 'GNU General Public License' }
  return Object.entries(known).flatMap(([name, phrase]) => (words.includes(phrase) ? [name] : []))
}
