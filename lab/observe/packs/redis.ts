import { randomUUID } from 'node:crypto'
import { collectLog } from '../api.js'
import { collect, missing } from '../collect.js'
import type { ExecTarget } from '../exec.js'
import { ran } from '../exec.js'
import { byKey, type Looking, type Parts } from '../looking.js'
import { nameOf, namespaceOf } from '../model/declared.js'
import type { Part, RedisSeen } from '../model/observations.js'
import { isReady } from '../model/pods.js'
import { probesLetIn } from '../model/policy-probes.js'
import { redisPods, redisSets } from '../model/redis.js'
import type { RedisSet } from '../model/redis.js'
import { NO_REDIS_CLI, parseRedis, redisCommand } from '../redis-script.js'
import { EXEC_MS } from '../deadlines.js'

/** What the servers of each Redis answer, all asked from one pod. */
export function collectRedis(looking: Looking): Promise<Parts<RedisSeen>> {
  const { declared, lab, unlisted } = looking
  return byKey(
    redisSets(declared, lab),
    ({ key }) => key,
    async (redis): Promise<Part<RedisSeen>> => {
      if (unlisted !== undefined) return unlisted
      const from = askers(redis, looking)
      if (from.length === 0) return missing('no ready pod to ask from', `redis-cli for ${redis.key}`)
      return askFrom(from, redis, looking)
    },
  )
}

/**
 * Where to ask from: a probe pod, as clients are no part of Redis. Where there is none, or where it has no
 * redis-cli, and where a password is asked for, which only they have: a pod of Redis itself.
 */
function askers(redis: RedisSet, looking: Looking): ExecTarget[] {
  const { probes, pods } = looking
  const { namespace, container, port } = redis
  const names = redisPods(redis).map(({ name }) => name)
  const own = pods
    .filter((pod) => namespaceOf(pod) === namespace && names.includes(nameOf(pod)) && isReady(pod))
    .map((pod) => ({ namespace, pod: nameOf(pod), container }))
  // That a policy keeps a probe out is no fault of Redis.
  const [probe] = probesLetIn(probes.values(), { namespace, names, port }, looking)
  const outside = probe === undefined || asksForPassword(redis) ? [] : [probe]
  return [...outside, ...own]
}

function asksForPassword({ set, container, passwordFiles }: RedisSet): boolean {
  const env = set.spec?.template.spec?.containers.find(({ name }) => name === container)?.env ?? []
  return passwordFiles.length > 0 || env.some(({ name }) => /^REDIS.*(PASS|AUTH)/.test(name))
}

/** From the first pod that has redis-cli; a second one is asked only where that says it has none. */
async function askFrom(
  [from, ...others]: readonly ExecTarget[],
  redis: RedisSet,
  looking: Looking,
): Promise<Part<RedisSeen>> {
  const { collecting, exec, mayWrite } = looking
  if (from === undefined) return missing('no pod has redis-cli', `redis-cli for ${redis.key}`)
  const source = `kubectl exec -n ${from.namespace} ${from.pod} -- redis-cli`
  const about = { name: `redis.${redis.key}`, source, deadlineMs: EXEC_MS }
  const outcome = { exitCode: 0 }
  const part = await collect(collecting, about, async (signal) => {
    const token = randomUUID()
    const result = await exec(from, redisCommand(redis, token, mayWrite), signal)
    outcome.exitCode = result.exitCode
    return parseRedis(ran(result), redis, token, mayWrite)
  })
  return outcome.exitCode === NO_REDIS_CLI && others.length > 0 ? askFrom(others, redis, looking) : part
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
