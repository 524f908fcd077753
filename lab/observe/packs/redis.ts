import { randomUUID } from 'node:crypto'
import { collectLog } from '../api.js'
import { collect, missing } from '../collect.js'
import { byKey, type Looking, type Parts } from '../looking.js'
import type { RedisSeen } from '../model/observations.js'
import { redisSets } from '../model/redis.js'
import { parseRedis, redisCommand } from '../redis-script.js'

const DEADLINE_MS = 8_000

/** What the servers of each Redis answer, asked from one probe pod. */
export function collectRedis(looking: Looking): Promise<Parts<RedisSeen>> {
  const { collecting, exec, lab, declared, probes, unlisted } = looking
  const [probe] = probes.values()
  return byKey(
    redisSets(declared, lab),
    ({ key }) => key,
    async (redis) => {
      if (unlisted !== undefined) return unlisted
      if (probe === undefined) return missing('no ready probe pod on any node', `redis-cli for ${redis.key}`)
      const source = `kubectl exec -n ${probe.namespace} ${probe.pod} -- redis-cli`
      const about = { name: `redis.${redis.key}`, source, deadlineMs: DEADLINE_MS }
      return collect(collecting, about, async (signal) => {
        const token = randomUUID()
        const { exitCode, stdout, stderr } = await exec(probe, redisCommand(redis, token), signal)
        if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr.trim() || stdout.trim()}`)
        return parseRedis(stdout, redis, token)
      })
    },
  )
}

/** The logs of the init containers of the replicas of each Redis. */
export function collectInitLogs({ collecting, kubeconfig, lab, declared }: Looking): Promise<Parts<string>> {
  const logs = redisSets(declared, lab).flatMap(({ namespace, replicas, initContainers }) =>
    replicas.flatMap(({ name }) => initContainers.map((container) => ({ namespace, pod: name, container }))),
  )
  return byKey(
    logs,
    ({ namespace, pod, container }) => `${namespace}/${pod}/${container}`,
    (log) => collectLog(collecting, kubeconfig, log),
  )
}
