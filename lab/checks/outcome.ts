import { isDeepStrictEqual } from 'node:util'
import { Unobserved } from './check.js'
import type { Context, Outcome } from './check.js'
import type { Part } from '../observe/model/observations.js'

/** Passes when what was observed is exactly what is expected. Lists are compared in order: sort them. */
export function compare(
  expected: unknown,
  observed: unknown,
  extra: Pick<Outcome, 'hint' | 'source'> = {},
): Outcome {
  return { verdict: isDeepStrictEqual(expected, observed) ? 'pass' : 'fail', expected, observed, ...extra }
}

/**
 * Compares on each node of the lab. One node that differs makes it fail; where none differs, one node that
 * could not be looked at makes it inconclusive. The evidence names nodes only where they differ.
 */
export function compareOnNodes<T>(
  context: Context,
  parts: Readonly<Record<string, Part<T>>>,
  expected: unknown,
  look: (seen: T) => unknown,
  extra: Pick<Outcome, 'hint' | 'source'> = {},
): Outcome {
  const missing = new Map<string, string[]>()
  const seen: [node: string, observed: unknown][] = []
  for (const node of context.lab.nodes) {
    try {
      seen.push([node, look(context.read(parts[node]))])
    } catch (error) {
      if (!(error instanceof Unobserved)) throw error
      missing.set(error.message, [...(missing.get(error.message) ?? []), node])
    }
  }
  const reasons = [...missing].map(([reason, nodes]) => `${nodesSaid(nodes, context)}: ${reason}`)
  const differs = seen.some(([, observed]) => !isDeepStrictEqual(observed, expected))
  if (!differs && reasons.length > 0) throw new Unobserved(reasons.join('; '))
  const [first] = seen
  if (first === undefined) throw new Unobserved('the lab has no nodes')
  const agree = reasons.length === 0 && seen.every(([, observed]) => isDeepStrictEqual(observed, first[1]))
  const byNode = { ...Object.fromEntries(seen), ...(reasons.length === 0 ? {} : { 'not observed': reasons }) }
  return { verdict: differs ? 'fail' : 'pass', expected, observed: agree ? first[1] : byNode, ...extra }
}

function nodesSaid(nodes: readonly string[], { lab }: Context): string {
  return nodes.length === lab.nodes.length ? 'every node' : nodes.join(', ')
}
