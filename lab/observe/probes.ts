import { randomUUID } from 'node:crypto'
import { collect, missing } from './collect.js'
import type { Collecting } from './collect.js'
import { digCommand, digEnded, parseDig } from './dig.js'
import type { ExecTarget, PodExec } from './exec.js'
import { nameOf, namespaceOf } from './model/declared.js'
import type { DnsAnswer, DnsQuestion, Part, RedisSeen } from './model/observations.js'
import { isReady, podsSelected } from './model/pods.js'
import type { Pod } from './model/pods.js'
import type { RedisSet } from './model/redis.js'
import type { ProbePods } from './model/target.js'
import { parseRedis, redisCommand } from './redis-script.js'

const DNS_DEADLINE_MS = 6_000
const REDIS_DEADLINE_MS = 8_000

/** The probe pod of each node that has a ready one. */
export function probesByNode(
  pods: readonly Pod[],
  { namespace, labels }: ProbePods,
): Map<string, ExecTarget> {
  const ready = podsSelected(pods, namespace, labels).filter(isReady)
  return new Map(
    ready.flatMap((pod) => {
      const node = pod.spec?.nodeName
      const container = pod.spec?.containers[0]?.name
      if (node === undefined || container === undefined) return []
      return [[node, { namespace: namespaceOf(pod), pod: nameOf(pod), container }]]
    }),
  )
}

/** What the DNS server answers to a pod on one node. */
export async function collectDns(
  collecting: Collecting,
  exec: PodExec,
  node: string,
  probe: ExecTarget | undefined,
  questions: readonly DnsQuestion[],
  clusterDomain: string,
): Promise<Part<readonly DnsAnswer[]>> {
  if (probe === undefined) return missing(`no ready probe pod on node ${node}`, `dig on ${node}`)
  const source = `kubectl exec -n ${probe.namespace} ${probe.pod} (${node}) -- dig`
  if (questions.length === 0) return { value: [], source, durationMs: 0 }
  return collect(collecting, { name: `dns.${node}`, source, deadlineMs: DNS_DEADLINE_MS }, async (signal) => {
    const { exitCode, stdout, stderr } = await exec(probe, digCommand(questions, clusterDomain), signal)
    // A DNS server that does not answer is an observation: its questions are timed out. No dig is none.
    if (!digEnded(exitCode)) throw new Error(`exit code ${exitCode}: ${stderr.trim() || stdout.trim()}`)
    return parseDig(stdout, questions)
  })
}

/** What the servers of a Redis answer, asked from one probe pod. */
export async function collectRedis(
  collecting: Collecting,
  exec: PodExec,
  probe: ExecTarget | undefined,
  redis: RedisSet,
): Promise<Part<RedisSeen>> {
  if (probe === undefined) return missing('no ready probe pod on any node', `redis-cli for ${redis.key}`)
  const source = `kubectl exec -n ${probe.namespace} ${probe.pod} -- redis-cli`
  return collect(
    collecting,
    { name: `redis.${redis.key}`, source, deadlineMs: REDIS_DEADLINE_MS },
    async (signal) => {
      const token = randomUUID()
      const { exitCode, stdout, stderr } = await exec(probe, redisCommand(redis, token), signal)
      if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr.trim() || stdout.trim()}`)
      return parseRedis(stdout, redis, token)
    },
  )
}
