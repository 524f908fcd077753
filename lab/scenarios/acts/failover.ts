import { nameOf } from '../../observe/model/declared.js'
import { isReady } from '../../observe/model/pods.js'
import type { Pod } from '../../observe/model/pods.js'
import { governedSets, withPort, type Governed } from '../choose.js'
import { defineScenario, type Scenario } from '../scenario.js'
import type { Stage } from '../stage.js'
import { seconds } from './pod-deleted.js'

interface Seen {
  readonly killed: string
  /** When all of the pack's checks passed again; `undefined` when they never did. */
  readonly healedMs: number | undefined
  /** What was still wrong at the end. */
  readonly wrong: readonly string[]
}

interface Failover {
  readonly system: string
  /** Checks that have to pass before and afterwards. */
  readonly pack: string
  readonly port: number
  readonly title: string
  readonly answers: string
  readonly seconds: number
  readonly hint: string
  /** Which pod is killed. */
  readonly victim: (pods: readonly Pod[]) => Pod | undefined
}

/** The pod that leads is killed at once, without being asked to end: what its system's own checks say afterwards counts. */
function failover(of: Failover): Scenario {
  return defineScenario<Governed, Seen>({
    name: `failover-${of.pack}`,
    title: of.title,
    answers: of.answers,
    disrupts: `kills the pod that leads ${of.system}`,
    hint: of.hint,
    choose: (ground) =>
      withPort(governedSets(ground), of.port).find(({ pods }) => pods.length > 1) ?? {
        notHere: `there is no ${of.system} of several pods`,
      },
    subject: ({ namespace, name }) => ({ kind: 'StatefulSet', namespace, name }),
    act: async ({ set, namespace, pods }, stage) => {
      const labels = set.spec?.selector.matchLabels ?? {}
      const wrongBefore = await stage.wrongIn([of.pack])
      if (wrongBefore.length > 0) throw new Error(`it is not well to begin with: ${wrongBefore.join('; ')}`)
      const victim = of.victim(await stage.api.pods(namespace, labels))
      if (victim === undefined) throw new Error('no pod leads')
      await stage.api.deletePod(namespace, nameOf(victim), 0)
      const at = stage.timeline.note(`killed ${nameOf(victim)}`)
      await stage.until('all pods are Ready again', of.seconds, () =>
        isBack(stage, { namespace, labels, victim, count: pods.length }),
      )
      let wrong: readonly string[] = []
      const healed = await stage.until(`all checks of ${of.pack} pass`, of.seconds, async () => {
        wrong = await stage.wrongIn([of.pack])
        return wrong.length === 0
      })
      return { killed: nameOf(victim), healedMs: healed === undefined ? undefined : healed - at, wrong }
    },
    judge: (_, { killed, healedMs, wrong }) => ({
      verdict: healedMs === undefined ? 'fail' : 'pass',
      expected: `all checks of ${of.pack} pass within ${of.seconds} s after its leader was killed`,
      observed: { killed, 'well after': healedMs === undefined ? 'never' : seconds(healedMs), wrong },
    }),
  })
}

async function isBack(
  stage: Stage,
  of: { namespace: string; labels: Readonly<Record<string, string>>; victim: Pod; count: number },
): Promise<boolean> {
  const pods = await stage.api.pods(of.namespace, of.labels)
  const old = pods.some(({ metadata }) => metadata?.uid === of.victim.metadata?.uid)
  return !old && pods.filter(isReady).length === of.count
}

const firstOrdinal = (pods: readonly Pod[]): Pod | undefined =>
  [...pods].sort((a, b) => ordinal(a) - ordinal(b))[0]

function ordinal(pod: Pod): number {
  return Number(/\d+$/.exec(nameOf(pod))?.[0] ?? 0)
}

export const failovers = [
  failover({
    system: 'Redis',
    pack: 'redis',
    port: 6379,
    seconds: 120,
    title: 'when the master is killed, the replicas find the one that comes back by its name',
    answers: '001 exercise 5',
    hint: "A replica that connects by address and not by name stays with the old one: see `replicaof` in its arguments. Without a volume the master's data is gone.",
    victim: firstOrdinal,
  }),
  failover({
    system: 'Postgres',
    pack: 'postgres',
    port: 5432,
    seconds: 180,
    title:
      'when the primary is killed, there is one primary again, the services lead to it, and replicas stream',
    answers: '002 PostgreSQL with dual services',
    hint: 'See the log of Patroni in the pods, and `patronictl list`: without a synchronous replica nobody may take over.',
    victim: (pods) => pods.find(({ metadata }) => metadata?.labels?.['role'] === 'primary'),
  }),
  failover({
    system: 'Kafka',
    pack: 'kafka',
    port: 9092,
    seconds: 180,
    title: 'when a broker is killed, the others lead, and it comes back under its own name',
    answers: '002 Kafka',
    hint: 'See the log of the broker: one that cannot find the others by their names never joins the quorum.',
    victim: firstOrdinal,
  }),
]
