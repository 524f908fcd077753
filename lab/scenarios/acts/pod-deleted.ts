import { isReady, ipv4Of } from '../../observe/model/pods.js'
import { nameOf } from '../../observe/model/declared.js'
import { governedSets, type Governed } from '../choose.js'
import { defineScenario } from '../scenario.js'
import type { Stage } from '../stage.js'

/** How long a pod may take to be back under its name. */
const SECONDS = 90

interface Seen {
  readonly before: string
  readonly after: string | undefined
  /** When the name meant the new address only; `undefined` when it never did. */
  readonly newAtMs: number | undefined
  /** When the name was last seen with the old address. */
  readonly oldUntilMs: number
  readonly deletedAtMs: number
}

export const podDeleted = defineScenario<Governed, Seen>({
  name: 'pod-deleted',
  title: 'a deleted StatefulSet pod comes back under the same name, which then means its new address only',
  answers: '001 exercise 4.1',
  disrupts: 'deletes the last pod of a StatefulSet',
  hint: 'The pod does not come back (see its events), or its name keeps the old address: see the EndpointSlices and the Corefile (cache).',
  choose: (ground) =>
    governedSets(ground).find(({ pods }) => pods.length > 1) ?? {
      notHere: 'no StatefulSet of several pods has names for them',
    },
  subject: ({ namespace, name }) => ({ kind: 'StatefulSet', namespace, name }),
  act: async ({ set, namespace, pods, fqdn }, stage) => {
    const name = pods.at(-1) ?? ''
    const old = await podNamed(stage, namespace, set.spec?.selector.matchLabels ?? {}, name)
    const before = old === undefined ? undefined : ipv4Of(old)
    if (before === undefined) throw new Error(`pod ${name} has no address to begin with`)
    const watch = stage.watch(fqdn(name))
    let after: string | undefined
    let deletedAtMs: number
    let newAtMs: number | undefined
    try {
      // That the old address went says nothing where it was never seen.
      const seen = await stage.until(`${name} means ${before}`, 10, () =>
        Promise.resolve(watch.seen.at(-1)?.answer === before),
      )
      if (seen === undefined) throw new Error(`${name} does not mean its address to begin with`)
      await stage.api.deletePod(namespace, name)
      deletedAtMs = stage.timeline.note(`deleted pod ${name} (${before})`)
      await stage.until(`pod ${name} is Ready again`, SECONDS, async () => {
        const pod = await podNamed(stage, namespace, set.spec?.selector.matchLabels ?? {}, name)
        if (pod === undefined || pod.metadata?.uid === old?.metadata?.uid || !isReady(pod)) return false
        after = ipv4Of(pod)
        return after !== undefined
      })
      newAtMs = await stage.until(`${name} means its new address`, SECONDS, () =>
        Promise.resolve(after !== undefined && watch.seen.at(-1)?.answer === after),
      )
    } finally {
      await watch.stop()
    }
    const oldUntilMs = watch.seen.findLast(({ answer }) => answer === before)?.atMs ?? deletedAtMs
    return { before, after, newAtMs, oldUntilMs, deletedAtMs }
  },
  judge: (_, { before, after, newAtMs, oldUntilMs, deletedAtMs }) => ({
    verdict: newAtMs !== undefined && newAtMs - deletedAtMs <= SECONDS * 1000 ? 'pass' : 'fail',
    expected: `the name means the new address alone within ${SECONDS} s`,
    observed: {
      before,
      after: after ?? 'no pod',
      'clients saw the old address for': seconds(Math.max(0, oldUntilMs - deletedAtMs)),
      'new address after': newAtMs === undefined ? 'never' : seconds(newAtMs - deletedAtMs),
    },
  }),
})

export async function podNamed(
  stage: Stage,
  namespace: string,
  labels: Readonly<Record<string, string>>,
  name: string,
): Promise<Awaited<ReturnType<Stage['api']['pods']>>[number] | undefined> {
  return (await stage.api.pods(namespace, labels)).find((pod) => nameOf(pod) === name)
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
