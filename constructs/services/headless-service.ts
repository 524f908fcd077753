import type { Construct } from 'constructs'
import { Service, type ServiceProps } from './service.js'

/** Properties of {@link HeadlessService}. */
export interface HeadlessServiceProps extends ServiceProps {
  /**
   * Whether pods that are not Ready are in DNS too, for peers that must find each other to become Ready.
   * @default false
   */
  readonly publishNotReadyAddresses?: boolean
}

/**
 * A Service without a virtual address (`clusterIP: None`): its name resolves to the addresses of all its ready
 * pods, each pod has a name of its own under it, and kube-proxy has no rule for it.
 *
 * Source: documents 000 (`headless-svc`), 001 (`redis-headless`, `nginx-headless`), 002 and 003.
 */
export class HeadlessService extends Service {
  constructor(scope: Construct, id: string, props: HeadlessServiceProps) {
    super(scope, id, props, {
      clusterIp: 'None',
      publishNotReadyAddresses: props.publishNotReadyAddresses ?? false,
    })
  }
}
