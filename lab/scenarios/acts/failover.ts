import { roleOf } from '../../observe/model/databases.js'
import { keyOf, nameOf, type StatefulSet } from '../../observe/model/declared.js'
import { isReady } from '../../observe/model/pods.js'
import type { Pod } from '../../observe/model/pods.js'
import { redisSets } from '../../observe/model/redis.js'
import { governedSets, withPort, type Governed } from '../choose.js'
import { defineScenario, type Ground, type Scenario } from '../scenario.js'
import type { Stage } from '../stage.js'
import { seconds } from './pod-deleted.js'

interface Seen {
  readonly killed: string
  /** Milliseconds until all of the pack's checks were seen to pass again; `undefined` when they never did. */
  readonly healedMs: number | undefined
  /** What was still wrong at the end. */
  readonly wrong: readonly string[]
}

interface Failover {
  readonly system: string
  /** Which pod is killed, as people read it. */
  readonly kills: string
  /** Checks that have to pass before and afterwards. */
  readonly pack: string
  readonly port: number
  readonly title: string
  readonly answers: string
  readonly seconds: number
  readonly hint: string
  /** Which pod is killed. */
  readonly victim: (pods: readonly Pod[]) => Pod | undefined
  /** Whether it can be said beforehand which pod that is; default: it can. */
  readonly fits?: (set: StatefulSet, ground: Ground) => boolean
  /** Why there is none, where that is not only for want of pods. */
  readonly unfit?: string
  /** Which pod leads now, where pods say so. */
  readonly leader?: (pods: readonly Pod[]) => Pod | undefined
}

/** A pod is killed at once, without being asked to end: what its system's own checks say afterwards counts. */
function failover(of: Failover): Scenario {
  return defineScenario<Governed, Seen>({
    name: `failover-${of.pack}`,
    title: of.title,
    answers: of.answers,
    disrupts: `kills ${of.kills}`,
    hint: of.hint,
    choose: (ground) =>
      withPort(governedSets(ground), of.port).find(
        ({ set, pods }) => pods.length > 1 && of.fits?.(set, ground) !== false,
      ) ?? { notHere: of.unfit ?? `there is no ${of.system} of several pods` },
    subject: ({ namespace, name }) => ({ kind: 'StatefulSet', namespace, name }),
    act: async ({ set, namespace, pods }, stage) => {
      const labels = set.spec?.selector.matchLabels ?? {}
      const wrongBefore = await stage.wrongIn(of.pack)
      if (wrongBefore.length > 0) throw new Error(`it is not well to begin with: ${wrongBefore.join('; ')}`)
      const victim = of.victim(await stage.api.pods(namespace, labels))
      if (victim === undefined) throw new Error(`${of.kills} cannot be found: no pod has that role`)
      await stage.api.deletePod(namespace, nameOf(victim), 0)
      const at = stage.timeline.note(`killed ${nameOf(victim)}`)
      const { leader } = of
      if (leader !== undefined) {
        let led = ''
        await stage.until('a pod leads', of.seconds, async () => {
          const now = leader(await stage.api.pods(namespace, labels))
          led = now === undefined || now.metadata?.uid === victim.metadata?.uid ? '' : nameOf(now)
          return led !== ''
        })
        if (led !== '') stage.timeline.note(`it is ${led}`)
      }
      await stage.until('all pods are Ready again', of.seconds, () =>
        isBack(stage, { namespace, labels, victim, count: pods.length }),
      )
      let wrong: readonly string[] = []
      const healed = await stage.until(`all checks of ${of.pack} pass`, of.seconds, async () => {
        wrong = await stage.wrongIn(of.pack)
        return wrong.length === 0
      })
      return { killed: nameOf(victim), healedMs: healed === undefined ? undefined : healed - at, wrong }
    },
    judge: (_, { killed, healedMs, wrong }) => ({
      verdict: healedMs === undefined ? 'fail' : 'pass',
      expected: `all checks of ${of.pack} pass within ${of.seconds} s after its leader was killed`,
      observed: { killed, 'well within': healedMs === undefined ? 'never' : seconds(healedMs), wrong },
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

/** Operators differ in the words of the label that they give to the pod that is written to. */
const primary = (pods: readonly Pod[]): Pod | undefined =>
  pods.find(({ metadata }) =>
    Object.values(metadata?.labels ?? {}).some((value) => roleOf(value) === 'primary'),
  )

const firstOrdinal = (pods: readonly Pod[]): Pod | undefined =>
  [...pods].sort((a, b) => ordinal(a) - ordinal(b))[0]

function ordinal(pod: Pod): number {
  return Number(/\d+$/.exec(nameOf(pod))?.[0] ?? 0)
}

export const failovers = [
  failover({
    system: 'Redis',
    kills: 'the first pod of Redis, the master',
    pack: 'redis',
    port: 6379,
    seconds: 120,
    title: 'when the master is killed, the replicas find the one that comes back by its name',
    answers: '001 exercise 5',
    hint: "A replica that connects by address and not by name stays with the old one: see `replicaof` in its arguments. Without a volume the master's data is gone.",
    victim: firstOrdinal,
    fits: (set, { declared, lab }) =>
      redisSets(declared, lab).some((redis) => redis.byOrdinal && keyOf(redis.set) === keyOf(set)),
    unfit: 'there is no Redis of several pods whose manifest names the first one as the master',
  }),
  failover({
    system: 'Postgres',
    kills: 'the primary of Postgres',
    pack: 'postgres',
    port: 5432,
    seconds: 180,
    title:
      'when the primary is killed, there is one primary again, the services lead to it, and replicas stream',
    answers: '002 PostgreSQL with dual services',
    hint: 'See the log of Patroni in the pods, and `patronictl list`: without a synchronous replica nobody may take over.',
    victim: primary,
    leader: primary,
  }),
  failover({
    system: 'Kafka',
    kills: 'the first broker of Kafka',
    pack: 'kafka',
    port: 9092,
    seconds: 180,
    title: 'when a broker is killed, the others lead, and it comes back under its own name',
    answers: '002 Kafka',
    hint: 'See the log of the broker: one that cannot find the others by their names never joins the quorum.',
    victim: firstOrdinal,
  }),
]
