import type { Finding, RealFault } from './fault.js'

/** The ids that a result has found: those that fail, and those that cannot be judged where nothing of the same id fails. */
export function findingOf(
  checks: readonly { readonly id: string; readonly verdict: string }[],
): Required<Finding> {
  const ids = (verdict: string): string[] => [
    ...new Set(checks.filter((check) => check.verdict === verdict).map(({ id }) => id)),
  ]
  const fails = ids('fail').sort()
  return {
    fails,
    inconclusive: ids('inconclusive')
      .filter((id) => !fails.includes(id))
      .sort(),
  }
}

export function isSame(a: Finding, b: Finding): boolean {
  return text(a) === text(b)
}

function text({ fails, inconclusive = [] }: Finding): string {
  return JSON.stringify([[...fails].sort(), [...inconclusive].sort()])
}

const HEAD = `# Faults of a real lab

Single faults, made one after the other in the default lab by \`npm run record-faults\`, and the exact set of checks that find each. What is expected was written down before the fault was made for the first time. What is not as expected is looked at again, since on a busy machine things time out, and counts when it was seen twice alike; four were recorded again because a busy machine had added time-outs to what they found. The observations of each are kept (\`test/fixtures/observations/faults/\`) and judged again by the unit tests.

"Not judged": what these checks need could not be seen any more, so they are inconclusive and not green. Checks that fail for one object and cannot be judged for another stand under "Fails".

This page is generated; the table is \`test/real-faults/faults.ts\`.
`

/** The page of the docs. @param found what each fault has found, by its name */
export function page(faults: readonly RealFault[], found: ReadonlyMap<string, Finding>): string {
  const rows = faults.map((fault) => {
    const seen = found.get(fault.name)
    const match = seen === undefined ? 'not recorded' : isSame(fault.expected, seen) ? 'yes' : '**no**'
    const { fails, inconclusive } = seen ?? { fails: [], inconclusive: [] }
    return `| ${[fault.what, list(fails), list(inconclusive), match, firstRun(fault, seen)].join(' | ')} |`
  })
  const notes = faults.flatMap(({ what, first, mended }) =>
    [first?.why, mended].flatMap((why) => (why === undefined ? [] : [`- ${what}: ${why}`])),
  )
  return [
    HEAD,
    '| fault | fails | not judged | as expected | at first |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    ...(notes.length === 0 ? [] : ['', '## What was otherwise at first', '', ...notes]),
    '',
  ].join('\n')
}

function firstRun({ first, mended }: RealFault, seen: Finding | undefined): string {
  if (first !== undefined) return 'otherwise'
  if (mended !== undefined) return 'check mended'
  return seen === undefined ? '' : 'the same'
}

function list(ids: readonly string[] = []): string {
  return ids.length === 0 ? '–' : ids.map((id) => `\`${id}\``).join(', ')
}
