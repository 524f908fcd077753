import { randomUUID } from 'node:crypto'
import { collect, missing } from '../collect.js'
import { ran } from '../exec.js'
import { kafkaClientCommand, kafkaNodeCommand, parseKafkaClient, parseKafkaNode } from '../kafka-script.js'
import { byKey, type Looking, type Parts } from '../looking.js'
import { nameOf, namespaceOf } from '../model/declared.js'
import { BROKER_PORT, kafkaSets } from '../model/kafka.js'
import type { KafkaClient, KafkaNode, KafkaSeen, KafkaSet } from '../model/kafka.js'
import type { Part } from '../model/observations.js'
import { probesLetIn } from '../model/policy-probes.js'
import { EXEC_MS } from '../deadlines.js'

/** What each Kafka's brokers have on their volumes, and what a client in one probe pod is told. */
export function collectKafka(looking: Looking): Promise<Parts<KafkaSeen>> {
  const { lab, declared, unlisted } = looking
  return byKey(
    kafkaSets(declared, lab),
    ({ key }) => key,
    async (kafka): Promise<Part<KafkaSeen>> => {
      if (unlisted !== undefined) return unlisted
      const names = kafka.brokers.map(({ name }) => name)
      const [nodes, client] = await Promise.all([
        byKey(
          names,
          (name) => name,
          (name) => collectNode(looking, kafka, name),
        ),
        collectClient(looking, kafka),
      ])
      const durationMs = Math.max(client.durationMs, ...Object.values(nodes).map((part) => part.durationMs))
      return { value: { nodes, client }, source: `brokers and clients of ${kafka.key}`, durationMs }
    },
  )
}

async function collectNode(looking: Looking, kafka: KafkaSet, pod: string): Promise<Part<KafkaNode>> {
  const { collecting, exec, pods } = looking
  const { namespace, container } = kafka
  const source = `kubectl exec -n ${namespace} ${pod} -c ${container} -- cat …/quorum-state`
  if (!pods.some((each) => nameOf(each) === pod && namespaceOf(each) === namespace))
    return missing(`there is no pod ${pod}`, source)
  const about = { name: `kafka.${namespace}/${pod}`, source, deadlineMs: EXEC_MS }
  return collect(collecting, about, async (signal) =>
    parseKafkaNode(ran(await exec({ namespace, pod, container }, kafkaNodeCommand(kafka), signal))),
  )
}

async function collectClient(looking: Looking, kafka: KafkaSet): Promise<Part<KafkaClient>> {
  const { collecting, exec, probes, mayWrite } = looking
  const { namespace } = kafka
  const names = kafka.brokers.map(({ name }) => name)
  // That a policy keeps a probe out is no fault of Kafka.
  const [probe] = probesLetIn(probes.values(), { namespace, names, port: BROKER_PORT }, looking)
  if (probe === undefined) {
    const why =
      probes.size === 0
        ? 'no ready probe pod on any node'
        : 'NetworkPolicies keep every probe out of the brokers'
    return missing(why, `kcat for ${kafka.key}`)
  }
  const source = `kubectl exec -n ${probe.namespace} ${probe.pod} -- kcat`
  const about = { name: `kafka.${kafka.key}.client`, source, deadlineMs: EXEC_MS }
  return collect(collecting, about, async (signal) =>
    parseKafkaClient(ran(await exec(probe, kafkaClientCommand(kafka, randomUUID(), mayWrite), signal))),
  )
}
