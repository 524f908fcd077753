import { collect, missing } from '../collect.js'
import { digCommand, digProblem, parseDig } from '../dig.js'
import { byKey, type Looking, type Parts } from '../looking.js'
import type { DnsAnswer } from '../model/observations.js'
import { questionsFor } from '../model/questions.js'
import { EXEC_MS } from '../deadlines.js'

/** What the DNS server answers to a pod on each node. */
export function collectDns(looking: Looking): Promise<Parts<readonly DnsAnswer[]>> {
  const { api, collecting, exec, lab, declared, probes, probeNamespace, pods, unlisted } = looking
  const services = 'error' in api.services ? [] : api.services.value
  const questions = questionsFor(declared, lab, probeNamespace, pods, services)
  return byKey(
    lab.nodes,
    (node) => node,
    async (node) => {
      if (unlisted !== undefined) return unlisted
      const probe = probes.get(node)
      if (probe === undefined) return missing(`no ready probe pod on node ${node}`, `dig on ${node}`)
      const source = `kubectl exec -n ${probe.namespace} ${probe.pod} (${node}) -- dig`
      if (questions.length === 0) return { value: [], source, durationMs: 0 }
      return collect(collecting, { name: `dns.${node}`, source, deadlineMs: EXEC_MS }, async (signal) => {
        const ended = await exec(probe, digCommand(questions, lab.clusterDomain), signal)
        const problem = digProblem(ended)
        if (problem !== undefined) throw new Error(problem)
        return parseDig(ended.stdout, questions)
      })
    },
  )
}
