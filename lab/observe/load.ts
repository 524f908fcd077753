import { KubeConfig } from '@kubernetes/client-node'
import { LabError } from '../errors.js'

/**
 * A kubeconfig, loaded unless it is already.
 *
 * @throws LabError `state.unreadable` when it cannot be read
 */
export function load(from: string | KubeConfig): KubeConfig {
  if (typeof from !== 'string') return from
  const kubeconfig = new KubeConfig()
  try {
    kubeconfig.loadFromFile(from)
  } catch (cause) {
    throw new LabError('state.unreadable', `the kubeconfig ${from} cannot be read`, { cause })
  }
  return kubeconfig
}
