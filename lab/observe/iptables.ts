import type { IptablesRule } from './model/observations.js'

/** kube-proxy's chain; the rest of the filter table has nothing to do with services. */
const SERVICES = 'KUBE-SERVICES'

/** The rules for services in what iptables-save prints: those of the nat table, and one chain of the filter table. */
export function parseIptables(output: string): IptablesRule[] {
  let table = ''
  return output.split('\n').flatMap((line) => {
    const words = split(line)
    const [first = '', chain] = words
    if (first.startsWith('*')) table = first.slice(1)
    if (first !== '-A' || chain === undefined) return []
    if (table !== 'nat' && !(table === 'filter' && chain === SERVICES)) return []
    const after = (option: string): string | undefined => {
      const at = words.indexOf(option)
      return at === -1 ? undefined : words[at + 1]
    }
    const rule = { table, chain, rule: line.trim() } as const
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
