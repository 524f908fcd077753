import type { ContainerSeen } from '../observe/model/observations.js'
import { defineCheck } from './check.js'
import { compare } from './outcome.js'
import { eachNode, theLab } from './scopes.js'

const nodesContainerlab = defineCheck({
  id: 'nodes.containerlab',
  title: 'containerlab lists exactly the nodes of the lab, all running',
  answers: '001 exercise 1',
  needs: ['containers.containerlab'],
  hint: 'A node container was stopped or removed outside the lab: `docker ps --all` shows it, `deploy` repairs the lab.',
  of: theLab,
  judge: (_, { lab, observations, read }) => {
    // Hosts of other kinds may stand beside the cluster.
    const seen = read(observations.containers.containerlab).filter(({ kind }) => kind === 'k8s-kind')
    return compare(running(lab.nodes), states(seen))
  },
})

const nodesKind = defineCheck({
  id: 'nodes.kind',
  title: 'the containers of the kind cluster are exactly the nodes of the lab, all running',
  answers: '001 exercise 1',
  needs: ['containers.kind'],
  hint: 'A node container was stopped, paused or removed, or another one carries the label of the cluster: see `docker ps --all`.',
  of: theLab,
  judge: (_, { lab, observations, read }) =>
    compare(running(lab.nodes), states(read(observations.containers.kind))),
})

const nodesKubernetes = defineCheck({
  id: 'nodes.kubernetes',
  title: 'the Node objects are exactly the nodes of the lab',
  answers: '001 exercise 1',
  needs: ['api.nodes'],
  hint: 'A node did not join or was deleted: see `kubectl get nodes` and the kubelet log in the node container.',
  of: theLab,
  judge: (_, { lab, observations, read }) => {
    const names = read(observations.api.nodes).map(({ metadata }) => metadata?.name ?? '')
    return compare([...lab.nodes].sort(), names.sort())
  },
})

const nodesReady = defineCheck({
  id: 'nodes.ready',
  title: 'the node is Ready',
  answers: '001 exercise 1',
  needs: ['api.nodes'],
  hint: 'Its kubelet does not report or its network is not up: see `kubectl describe node` and the Calico pod on it.',
  of: eachNode,
  judge: (name, { observations, read }) => {
    const node = read(observations.api.nodes).find(({ metadata }) => metadata?.name === name)
    const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready')
    const said =
      ready === undefined ? 'absent' : ready.status === 'True' ? 'Ready' : (ready.reason ?? ready.status)
    return compare('Ready', said)
  },
})

export const nodeChecks = [nodesContainerlab, nodesKind, nodesKubernetes, nodesReady]

function running(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, 'running']))
}

function states(containers: readonly ContainerSeen[]): Record<string, string> {
  return Object.fromEntries(containers.map(({ name, state }) => [name, state]))
}
