import { ServerConfiguration, createConfiguration } from '@kubernetes/client-node'
import type { Configuration, KubeConfig } from '@kubernetes/client-node'

/** Configuration of an API client whose requests end with the signal. */
export function configure(kubeconfig: KubeConfig, signal: AbortSignal): Configuration {
  const server = kubeconfig.getCurrentCluster()?.server
  if (server === undefined) throw new Error('the kubeconfig names no cluster')
  return createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: kubeconfig },
    promiseMiddleware: [
      {
        pre: (request) => {
          request.setSignal(signal)
          return Promise.resolve(request)
        },
        post: (response) => Promise.resolve(response),
      },
    ],
  })
}
