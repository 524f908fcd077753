import type { Check } from '../../../lab/checks/check.js'
import type { Fault } from './faults.js'

/** Why a check is turned red by none of the faults. */
export const neverRed: Readonly<Record<string, string>> = {
  'cluster.readable': 'inconclusive where a right is missing, never red; not of a lab',
  'cluster.declares': 'inconclusive for an empty namespace, never red; not of a lab',
  'cluster.probe': 'inconclusive without a probe, never red; not of a lab',
  'cluster.privileged-probe': 'inconclusive without a probe, never red; not of a lab',
  'services.port-names': 'the API server refuses several ports without names of their own',
  'services.answers': 'of clusters that no lab made; of a lab it is `kube-proxy.every-backend`',
  'dns.external-name.cname': 'the default lab has no service of type ExternalName',
  'redis.sentinel.master': 'the default lab has no Sentinels',
  'redis.sentinel.peers': 'the default lab has no Sentinels',
}

/** docs/faults.md, from the table of the faults. */
export function faultsPage(
  faultsOf: Readonly<Record<string, readonly Fault[]>>,
  checks: readonly Check[],
): string {
  const all = Object.values(faultsOf).flat()
  const red = new Map(checks.map(({ id }) => [id, all.filter(({ fails }) => fails.includes(id)).length]))
  const never = [...red].flatMap(([id, count]) => (count === 0 ? [id] : []))
  const packs = Object.entries(faultsOf).map(([pack, faults]) =>
    [
      `## ${pack}`,
      '',
      ...table([
        ['fault', 'fails', 'cannot be judged any more'],
        ...faults.map(({ name, fails, inconclusive = [] }) => [name, ids(fails), ids(inconclusive)]),
      ]),
    ].join('\n'),
  )
  return `${[
    '# Faults and what finds them',
    `${all.length} single faults. Each is injected into the observations of a healthy default lab as the whole of them would show it: what is changed is one thing, and what follows from it by itself (slices, answers of the DNS server, rules, connections) follows. The checks that fail, and those that can no longer be judged, have to be exactly these; all others pass or do not apply. Faults made in a real lab are in [real faults](real-faults.md).`,
    'This page is generated from `test/unit/checks/faults/`: `UPDATE_DOCS=1 npx vitest run --project unit test/unit/checks/faults-page.test.ts` writes it.',
    ...packs,
    '## Which checks are turned red',
    `${red.size - never.length} of ${red.size} checks fail in at least one of the faults. The others:`,
    table([['check', 'why'], ...never.map((id) => [`\`${id}\``, neverRed[id] ?? ''])]).join('\n'),
  ].join('\n\n')}\n`
}

function ids(list: readonly string[]): string {
  return [...list]
    .sort()
    .map((id) => `\`${id}\``)
    .join(', ')
}

function table(rows: readonly (readonly string[])[]): string[] {
  const [head = []] = rows
  const widths = head.map((_, i) => Math.max(3, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const padded = rows.map((row) => line(widths.map((width, i) => (row[i] ?? '').padEnd(width))))
  const rule = line(widths.map((width) => '-'.repeat(width)))
  return [padded[0] ?? '', rule, ...padded.slice(1)]
}
