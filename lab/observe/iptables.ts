import type { NatRule } from './model/observations.js'

/** The rules in what iptables-save prints; the lines that are no rules (tables, policies, remarks) are left out. */
export function parseIptables(output: string): NatRule[] {
  return output.split('\n').flatMap((line) => {
    const words = split(line)
    const chain = words[0] === '-A' ? words[1] : undefined
    if (chain === undefined) return []
    const after = (option: string): string | undefined => {
      const at = words.indexOf(option)
      return at === -1 ? undefined : words[at + 1]
    }
    const rule = { chain, rule: line.trim() }
    const parts = {
      comment: after('--comment'),
      destination: after('-d'),
      protocol: after('-p'),
      dport: after('--dport'),
      jump: after('-j'),
    }
    return [{ ...rule, ...defined(parts) }]
  })
}

/** Words of a line; what stands in double quotes is one word, with \" for a quote in it. */
function split(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g)].map(
    ([word, quoted]) => quoted?.replaceAll(/\\(.)/g, '$1') ?? word,
  )
}

function defined<T extends Record<string, string | undefined>>(parts: T): Partial<Record<keyof T, string>> {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as Partial<
    Record<keyof T, string>
  >
}
