import { namespacesOf } from '../observe/model/declared.js'
import type { AccessSeen } from '../observe/model/access.js'
import type { Subject } from '../report/model.js'
import { defineCheck, inconclusive, type Scope, type World } from './check.js'
import { compare } from './outcome.js'

/**
 * What can be known of a cluster that no lab made. Its claims are derived from what it holds: what may not be
 * read leads to none, which must not look like a cluster without faults.
 */

const eachList = accessScope(
  ({ lists }) => Object.keys(lists),
  (key) => {
    const parts = key.split('/')
    const [first = '', ...rest] = parts
    return rest.length === 0
      ? { kind: 'Resource', name: first }
      : { kind: 'Resource', namespace: first, name: rest.join('/') }
  },
)

const eachProbed = accessScope(({ probes }) => Object.keys(probes), node)
const eachPrivilegedProbed = accessScope(({ privilegedProbes = {} }) => Object.keys(privilegedProbes), node)

/** Each namespace whose lists were all asked for. */
const eachLooked: Scope<string> = accessScope(
  ({ lists }) => [
    ...new Set(
      Object.keys(lists).flatMap((key) =>
        key.endsWith('/services') ? [key.slice(0, -'/services'.length)] : [],
      ),
    ),
  ],
  (name) => ({ kind: 'Namespace', name }),
)

const readable = defineCheck({
  id: 'cluster.readable',
  title: 'what claims are derived from can be read',
  answers: 'Kubernetes: Using RBAC Authorization',
  needs: ['access'],
  hint: '`headless-lab verify --rbac` prints the rights that are needed.',
  of: eachList,
  judge: (key, { observations, read }) => {
    read(observations.access?.lists[key])
    return compare('read', 'read')
  },
})

const declares = defineCheck({
  id: 'cluster.declares',
  title: 'the namespace holds something to verify',
  answers: 'Kubernetes: Namespaces',
  needs: ['access'],
  hint: 'Is its name right? See `kubectl get namespaces`.',
  of: eachLooked,
  judge: (namespace, { declared, observations, read }) => {
    if (namespacesOf(declared).includes(namespace)) return compare('something', 'something')
    for (const [key, part] of Object.entries(observations.access?.lists ?? {})) {
      if (key.startsWith(`${namespace}/`)) read(part)
    }
    // The API lists a namespace that does not exist as an empty one.
    return inconclusive(`namespace ${namespace} is empty, or there is none of that name`)
  },
})

const probe = defineCheck({
  id: 'cluster.probe',
  title: 'the node has a pod to look from',
  answers: 'Kubernetes: Assigning Pods to Nodes',
  needs: ['access'],
  hint: 'What is looked at from this node could not be judged.',
  of: eachProbed,
  judge: (name, { observations, read }) => {
    read(observations.access?.probes[name])
    return compare('ready', 'ready')
  },
})

const privilegedProbe = defineCheck({
  id: 'cluster.privileged-probe',
  title: 'the node has a privileged pod to read its rules with',
  answers: 'Kubernetes: Pod Security Standards',
  needs: ['access'],
  hint: 'A namespace that enforces a Pod Security Standard refuses it: name another with --probe-namespace.',
  of: eachPrivilegedProbed,
  judge: (name, { observations, read }) => {
    read(observations.access?.privilegedProbes?.[name])
    return compare('ready', 'ready')
  },
})

export const clusterChecks = [readable, declares, probe, privilegedProbe]

function node(name: string): Subject {
  return { kind: 'Node', name }
}

function accessScope(
  items: (access: AccessSeen) => string[],
  subject: (item: string) => Subject,
): Scope<string> {
  return {
    items: ({ observations: { access } }: World) => (access === undefined ? [] : items(access)),
    subject,
  }
}
