import { collect, missing } from '../collect.js'
import { ran } from '../exec.js'
import { externalCommand, parseExternal } from '../external-script.js'
import { byKey, type Looking, type Parts } from '../looking.js'
import { externalTargets } from '../model/external.js'
import type { ExternalAnswer, ExternalSeen, ExternalTarget } from '../model/external.js'
import type { Part } from '../model/observations.js'
import { EXEC_MS } from '../deadlines.js'

/** What answers behind the name of each service that leads out of the cluster, asked from every node. */
export function collectExternal(looking: Looking): Promise<Parts<ExternalSeen>> {
  const { lab, declared, unlisted } = looking
  return byKey(
    externalTargets(declared, lab).filter(({ reserved }) => !reserved),
    ({ key }) => key,
    async (target): Promise<Part<ExternalSeen>> => {
      if (unlisted !== undefined) return unlisted
      const value = await byKey(
        lab.nodes,
        (node) => node,
        (node) => collectFrom(looking, target, node),
      )
      const durationMs = Math.max(0, ...Object.values(value).map((part) => part.durationMs))
      return { value, source: `connections to ${target.fqdn} from a probe pod of each node`, durationMs }
    },
  )
}

async function collectFrom(
  { collecting, exec, probes }: Looking,
  target: ExternalTarget,
  node: string,
): Promise<Part<readonly ExternalAnswer[]>> {
  const probe = probes.get(node)
  if (probe === undefined)
    return missing(`no ready probe pod on node ${node}`, `connections to ${target.fqdn}`)
  const source = `kubectl exec -n ${probe.namespace} ${probe.pod} (${node}) -- pg_isready, nc`
  const about = { name: `external.${target.key}.${node}`, source, deadlineMs: EXEC_MS }
  return collect(collecting, about, async (signal) =>
    parseExternal(ran(await exec(probe, externalCommand(target), signal))),
  )
}
