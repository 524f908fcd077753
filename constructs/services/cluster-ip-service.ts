import type { Construct } from 'constructs'
import { Service, type ServiceProps } from './service.js'

/** Properties of {@link ClusterIpService}. */
export interface ClusterIpServiceProps extends ServiceProps {
  /**
   * `ClientIP` sends all connections of one client address to the same pod, for up to three hours.
   * @default 'None'
   */
  readonly sessionAffinity?: 'None' | 'ClientIP'
}

/**
 * A Service with a virtual address: its name resolves to that one address, and kube-proxy on each node sends
 * every new connection to one of the ready pods.
 *
 * Source: documents 000 (`regular-svc`), 001 (`nginx-clusterip`), 002 and 003.
 */
export class ClusterIpService extends Service {
  constructor(scope: Construct, id: string, props: ClusterIpServiceProps) {
    super(scope, id, props, {
      type: 'ClusterIP',
      ...(props.sessionAffinity === undefined ? {} : { sessionAffinity: props.sessionAffinity }),
    })
  }
}
