import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { DEFAULT_NAMESPACE } from '../../../constructs/dns.js'
import { LabError } from '../../errors.js'
import { load } from '../load.js'

/** A cluster as its kubeconfig has it. */
export interface Connection {
  readonly kubeconfig: KubeConfig
  /** The name of the cluster in it. */
  readonly name: string
  /** The namespace of its context. */
  readonly namespace: string
}

/**
 * @param file default: what `kubectl` would take
 * @throws LabError `state.unreadable` when it cannot be read, `usage.invalid` when it names no such cluster
 */
export function connect(file: string | undefined, context: string | undefined): Connection {
  const kubeconfig = file === undefined ? standard() : load(file)
  if (context !== undefined) {
    const names = kubeconfig.getContexts().map(({ name }) => name)
    if (!names.includes(context)) {
      throw new LabError('usage.invalid', `the kubeconfig has no context ${context}`, {
        hint: names.length === 0 ? 'it has none at all' : `it has ${names.join(', ')}`,
      })
    }
    kubeconfig.setCurrentContext(context)
  }
  const cluster = kubeconfig.getCurrentCluster()
  if (cluster === null) {
    throw new LabError('usage.invalid', 'the kubeconfig has no current context, or one without a cluster', {
      hint: 'name a context with --context',
    })
  }
  const current = kubeconfig.getContextObject(kubeconfig.getCurrentContext())
  return { kubeconfig, name: cluster.name, namespace: current?.namespace ?? DEFAULT_NAMESPACE }
}

/** `$KUBECONFIG`, which may be several files, or `~/.kube/config`; in a pod the API of its own cluster. */
function standard(): KubeConfig {
  const { KUBECONFIG, KUBERNETES_SERVICE_HOST } = process.env
  const named = KUBECONFIG !== undefined && KUBECONFIG !== ''
  const isThere = existsSync(join(homedir(), '.kube', 'config'))
  if (!named && !isThere && KUBERNETES_SERVICE_HOST === undefined) {
    throw new LabError('usage.invalid', 'there is no kubeconfig', {
      hint: 'name one with --kubeconfig, or set KUBECONFIG',
    })
  }
  const kubeconfig = new KubeConfig()
  try {
    kubeconfig.loadFromDefault()
  } catch (cause) {
    const what = named ? `the kubeconfig ${KUBECONFIG}` : 'the kubeconfig ~/.kube/config'
    throw new LabError('state.unreadable', `${what} cannot be read`, { cause })
  }
  return kubeconfig
}
