import { isDeepStrictEqual } from 'node:util'
import { nameOf, namespaceOf } from '../../observe/model/declared.js'
import { isReady } from '../../observe/model/pods.js'
import { governedSets, type Governed } from '../choose.js'
import { defineScenario } from '../scenario.js'

const SECONDS = 120
/** How many pods are added and taken away: two show an order. */
const MORE = 2

interface Seen {
  /** Names of the pods in the order in which they became Ready. */
  readonly up: readonly string[]
  /** Names of the pods in the order in which they were gone. */
  readonly down: readonly string[]
  /** What each name meant when all were up: how many addresses, or a response code. */
  readonly named: Readonly<Record<string, number | string>>
  /** What each name meant when all were gone again. */
  readonly unnamed: Readonly<Record<string, number | string>>
}

export const scaled = defineScenario<Governed, Seen>({
  name: 'scaled',
  title:
    'scaled up, pods and their names appear in the order of the ordinals; scaled down, they vanish in reverse',
  answers: '001 exercise 4',
  disrupts: `scales a StatefulSet up by ${MORE} and down again`,
  hint: 'A pod that does not become Ready stops those after it: see its events. The order holds for podManagementPolicy OrderedReady only.',
  choose: (ground) =>
    governedSets(ground).find(
      ({ set }) =>
        (set.spec?.podManagementPolicy ?? 'OrderedReady') === 'OrderedReady' &&
        (set.spec?.volumeClaimTemplates ?? []).length === 0,
    ) ?? { notHere: 'no StatefulSet that starts its pods in order and has no volumes' },
  subject: ({ namespace, name }) => ({ kind: 'StatefulSet', namespace, name }),
  act: async ({ set, fqdn, pods }, stage) => {
    const [namespace, name, labels] = [namespaceOf(set), nameOf(set), set.spec?.selector.matchLabels ?? {}]
    const replicas = (await stage.api.statefulSet(namespace, name)).spec?.replicas ?? pods.length
    const added = newPods({ set, pods })
    const names = async (ready: boolean): Promise<string[]> =>
      (await stage.api.pods(namespace, labels))
        .filter((pod) => !ready || isReady(pod))
        .map(nameOf)
        .filter((pod) => added.includes(pod))
    const meaning = async (): Promise<Record<string, number | string>> => {
      const said = await Promise.all(
        added.map(async (pod) => [pod, await stage.addresses(fqdn(pod))] as const),
      )
      return Object.fromEntries(
        said.map(([pod, answer]) => [pod, typeof answer === 'string' ? answer : answer.length]),
      )
    }
    stage.undo(`${replicas} replicas`, (signal) => stage.apiFor(signal).scale(namespace, name, replicas))

    const up: string[] = []
    await stage.api.scale(namespace, name, replicas + MORE)
    stage.timeline.note(`scaled to ${replicas + MORE}`)
    await stage.until('all are Ready', SECONDS, async () => {
      for (const pod of (await names(true)).sort()) {
        if (up.includes(pod)) continue
        up.push(pod)
        stage.timeline.note(`${pod} is Ready`)
      }
      return up.length === MORE
    })
    let named: Record<string, number | string> = {}
    await stage.until('each has its name', 30, async () => {
      named = await meaning()
      return Object.values(named).every((count) => count === 1)
    })

    const down: string[] = []
    await stage.api.scale(namespace, name, replicas)
    stage.timeline.note(`scaled to ${replicas}`)
    await stage.until('all are gone', SECONDS, async () => {
      const there = await names(false)
      // Highest first where two went between two looks: that is the order to be disproved, not to be made up.
      for (const pod of [...up].reverse()) {
        if (there.includes(pod) || down.includes(pod)) continue
        down.push(pod)
        stage.timeline.note(`${pod} is gone`)
      }
      return down.length === up.length
    })
    let unnamed: Record<string, number | string> = {}
    await stage.until('no name is left', 30, async () => {
      unnamed = await meaning()
      return Object.values(unnamed).every((status) => status === 'NXDOMAIN')
    })
    return { up, down, named, unnamed }
  },
  judge: (item, seen) => {
    const added = newPods(item)
    const expected: Seen = {
      up: added,
      down: [...added].reverse(),
      named: Object.fromEntries(added.map((pod) => [pod, 1])),
      unnamed: Object.fromEntries(added.map((pod) => [pod, 'NXDOMAIN'])),
    }
    return { verdict: isDeepStrictEqual(seen, expected) ? 'pass' : 'fail', expected, observed: seen }
  },
})

function newPods({ set, pods }: Pick<Governed, 'set' | 'pods'>): string[] {
  const next = (set.spec?.ordinals?.start ?? 0) + pods.length
  return Array.from({ length: MORE }, (_, i) => `${nameOf(set)}-${next + i}`)
}
