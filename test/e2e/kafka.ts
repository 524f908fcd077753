import { describe, expect, it } from 'vitest'
import { ask, inPod, pod, pods, toolOn, within } from './cluster.js'
import { LAB } from './program.js'

const NAMESPACE = 'streaming'
const BROKERS = [0, 1, 2].map((n) => `kafka-${n}.kafka-headless.${NAMESPACE}:9092`).join(',')
/** A client that notes no delivery before all in-sync replicas have the message. */
const PRODUCE = `kcat -q -P -b ${BROKERS} -t kept -X acks=all -X message.timeout.ms=60000`

/** Kafka: what it keeps when a broker dies. */
export function kafkaTests(): void {
  describe('Kafka', { concurrent: false }, () => {
    it('has brokers that advertise the names of their pods', async () => {
      const tool = await toolOn(`${LAB}-worker`)
      const metadata = JSON.parse(await inPod('default', tool, `kcat -b ${BROKERS} -L -J`)) as {
        readonly brokers: readonly { readonly id: number; readonly name: string }[]
      }
      expect(Object.fromEntries(metadata.brokers.map(({ id, name }) => [id, name]))).toEqual(
        Object.fromEntries(
          [0, 1, 2].map((n) => [n, `kafka-${n}.kafka-headless.${NAMESPACE}.svc.cluster.local:9092`]),
        ),
      )
    })

    it('loses no message acknowledged by all when one broker dies', async () => {
      const tool = await toolOn(`${LAB}-control-plane`)
      const server = 'kafka-0.kafka-headless:9092'
      await inPod(
        NAMESPACE,
        'kafka-0',
        `/opt/kafka/bin/kafka-topics.sh --bootstrap-server ${server} --create --topic kept --partitions 3`,
      )
      expect(await copies(tool)).toEqual({ replicas: [3, 3, 3], inSync: [3, 3, 3] })
      await inPod('default', tool, `( ${PRODUCE_UNTIL_TOLD} ) > /dev/null 2>&1 &`)
      await within(60, async () => ((await sent(tool)) > 100 ? undefined : 'messages under way'))
      expect((await pod(NAMESPACE, 'kafka-1'))?.ready).toBe(true)
      await ask('delete', 'pod', '-n', NAMESPACE, 'kafka-1', '--grace-period=0', '--force', '--wait=false')
      // Two of three are enough to write, also before the third is back.
      const before = await sent(tool)
      await within(60, async () => ((await sent(tool)) > before + 100 ? undefined : 'messages after that'))
      await within(180, async () => {
        const all = await pods('-n', NAMESPACE, '-l', 'app=kafka')
        return all.length === 3 && all.every(({ ready }) => ready) ? undefined : 'three Ready brokers'
      })
      await inPod('default', tool, 'touch /tmp/kept-stop')
      await within(90, async () => {
        const done = await inPod('default', tool, 'cat /tmp/kept-done 2>/dev/null || true')
        return done === 'done' ? undefined : 'the end of the producer'
      })
      const acknowledged = (await inPod('default', tool, 'cat /tmp/kept')).split('\n')
      const consumed = await inPod('default', tool, `kcat -q -C -b ${BROKERS} -t kept -o beginning -e`)
      const there = new Set(consumed.split('\n'))
      expect(acknowledged.filter((message) => !there.has(message))).toEqual([])
      await within(60, async () => {
        const { inSync } = await copies(tool)
        return inSync.every((count) => count === 3) ? undefined : 'three copies of each partition again'
      })
    })
  })
}

/**
 * Twenty messages a client, noted when all of them are acknowledged, until it is told to stop: the broker dies
 * between two clients and in the middle of one.
 */
const PRODUCE_UNTIL_TOLD = `rm -f /tmp/kept /tmp/kept-done /tmp/kept-stop; from=1
while [ ! -e /tmp/kept-stop ]; do
  to=$((from + 19))
  seq $from $to | ${PRODUCE} && seq $from $to >> /tmp/kept
  from=$((to + 1))
done
echo done > /tmp/kept-done`

/** How many brokers have each partition, and how many of them are in sync. */
async function copies(tool: string): Promise<{ replicas: number[]; inSync: number[] }> {
  const { topics } = JSON.parse(await inPod('default', tool, `kcat -b ${BROKERS} -L -J -t kept`)) as {
    readonly topics: readonly {
      readonly partitions: readonly { readonly replicas: unknown[]; readonly isrs: unknown[] }[]
    }[]
  }
  const partitions = topics.flatMap((topic) => topic.partitions)
  return {
    replicas: partitions.map(({ replicas }) => replicas.length),
    inSync: partitions.map(({ isrs }) => isrs.length),
  }
}

const sent = async (tool: string): Promise<number> =>
  Number(await inPod('default', tool, 'cat /tmp/kept 2>/dev/null | wc -l'))
