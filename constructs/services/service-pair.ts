import { Construct } from 'constructs'
import type { Labels } from '../labels.js'
import { ClusterIpService, type ClusterIpServiceProps } from './cluster-ip-service.js'
import { HeadlessService, type HeadlessServiceProps } from './headless-service.js'
import type { ServiceProps } from './service.js'

/** Properties of {@link ServicePair}. */
export interface ServicePairProps extends Omit<ServiceProps, 'runtimeSelector'> {
  /** Where the headless Service differs; its name is `<name>-headless` unless given. */
  readonly headless?: Partial<Pick<HeadlessServiceProps, 'name' | 'publishNotReadyAddresses'>>
  /** Where the ClusterIP Service differs; its name is `<name>` unless given. */
  readonly clusterIp?: Partial<Pick<ClusterIpServiceProps, 'name' | 'sessionAffinity'>>
  /**
   * ClusterIP Services for some of the pods only, by suffix: `{ primary: { role: 'primary' } }` is
   * `<name>-primary`, for the pods that carry that label too. The pods are expected to get it while they run.
   * @default - none
   */
  readonly roles?: Readonly<Record<string, Labels>>
}

/**
 * One workload behind two Services: a headless one, by which its pods find each other, and a ClusterIP one for
 * clients that do not care which pod answers. Beside them, one more for each role that clients ask for.
 *
 * Source: document 002 ("Combining Headless and Regular Services"), document 003 ("Combining Both Service Types").
 */
export class ServicePair extends Construct {
  /** `<name>-headless`: each pod by its own name. */
  readonly headless: HeadlessService
  /** `<name>`: any pod that is Ready. */
  readonly clusterIp: ClusterIpService
  private readonly roles: ReadonlyMap<string, ClusterIpService>

  constructor(scope: Construct, id: string, props: ServicePairProps) {
    super(scope, id)
    const { headless = {}, clusterIp = {}, roles = {}, ...both } = props
    this.headless = new HeadlessService(this, 'headless', {
      ...both,
      name: `${props.name}-headless`,
      ...headless,
    })
    this.clusterIp = new ClusterIpService(this, 'cluster-ip', { ...both, ...clusterIp })
    this.roles = new Map(
      Object.entries(roles).map(([role, runtimeSelector]) => [
        role,
        new ClusterIpService(this, `role-${role}`, {
          ...both,
          name: `${props.name}-${role}`,
          runtimeSelector,
        }),
      ]),
    )
  }

  /**
   * The Service of a role.
   * @throws RangeError when it has none of that name.
   */
  role(role: string): ClusterIpService {
    const service = this.roles.get(role)
    if (service === undefined) throw new RangeError(`${this.node.path}: no role ${JSON.stringify(role)}`)
    return service
  }
}
