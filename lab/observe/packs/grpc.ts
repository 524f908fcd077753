import { collect, missing } from '../collect.js'
import { grpcCommand, parseGrpc } from '../grpc-script.js'
import { byKey, type Looking, type Parts } from '../looking.js'
import { nameOf, namespaceOf } from '../model/declared.js'
import { clientPod, grpcClients } from '../model/grpc.js'
import type { GrpcAnswers, GrpcClient, GrpcSeen, GrpcTarget } from '../model/grpc.js'
import { podsSelected } from '../model/pods.js'
import type { Part } from '../model/observations.js'
import { EXEC_MS } from '../deadlines.js'

/** How many calls are made at least; more where there are so many pods, so that each has its turn. */
const CALLS = 30

/** Who answers the calls of each gRPC client: one exec for each service, all at once. */
export function collectGrpc(looking: Looking): Promise<Parts<GrpcSeen>> {
  const { lab, declared, unlisted } = looking
  return byKey(
    grpcClients(declared, lab),
    ({ key }) => key,
    async (client): Promise<Part<GrpcSeen>> => {
      if (unlisted !== undefined) return unlisted
      const value = await byKey(
        client.targets,
        ({ address }) => address,
        (target) => collectAnswers(looking, client, target),
      )
      const durationMs = Math.max(0, ...Object.values(value).map((part) => part.durationMs))
      return { value, source: `grpc-client in a pod of ${client.key}`, durationMs }
    },
  )
}

async function collectAnswers(
  { collecting, exec, pods }: Looking,
  client: GrpcClient,
  { service, address }: GrpcTarget,
): Promise<Part<GrpcAnswers>> {
  const pod = clientPod(client, pods)
  const servers = podsSelected(pods, namespaceOf(service), service.spec?.selector).length
  const calls = Math.max(CALLS, 2 * servers)
  const command = `grpc-client ${address} --requests ${calls} --json`
  const container = pod?.spec?.containers[0]?.name
  if (pod === undefined || container === undefined)
    return missing(`no pod of ${client.key} is ready`, command)
  const at = { namespace: namespaceOf(pod), pod: nameOf(pod), container }
  const source = `kubectl exec -n ${at.namespace} ${at.pod} -- ${command}`
  return collect(collecting, { name: `grpc.${address}`, source, deadlineMs: EXEC_MS }, async (signal) =>
    parseGrpc(await exec(at, grpcCommand(address, calls), signal), calls),
  )
}
