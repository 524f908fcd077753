import type { Protocol } from '../dns.js'
import { portNameProblem, qualifiedNameProblem } from '../names.js'
import { portProblem, said } from '../validation.js'

/** A port of a Service. */
export interface ServicePort {
  /** At most 15 of a-z, 0-9 and '-', with a letter (RFC 6335). It is the first label of the SRV name. */
  readonly name: string
  /** Port clients connect to, 1 to 65535. A headless Service has no proxy: there they reach the pod on it as it is. */
  readonly port: number
  /**
   * Port of the container, as a number or by its name. A name must be that of a container's port of
   * the same protocol.
   * @default the same as `port`
   */
  readonly targetPort?: number | string
  /** Transport protocol. @default 'TCP' */
  readonly protocol?: Protocol
  /**
   * What is spoken on it, for proxies and gateways: a name of IANA's registry (`http`), or one with a prefix
   * (`kubernetes.io/h2c`).
   * @default - not said
   */
  readonly appProtocol?: string
}

/** What is wrong with the ports of one Service, each a sentence. */
export function portProblems(ports: readonly ServicePort[]): string[] {
  return ports.length === 0
    ? ['has no port']
    : ports.flatMap((port, index) => [...problemsOf(port), ...repeated(port, ports.slice(0, index))])
}

function problemsOf({ name, port, targetPort, appProtocol }: ServicePort): string[] {
  return [
    said('port name', portNameProblem(name)),
    portProblem(`port ${JSON.stringify(name)}`, port),
    typeof targetPort === 'string' ? said('target port', portNameProblem(targetPort)) : undefined,
    typeof targetPort === 'number' ? portProblem('target port', targetPort) : undefined,
    appProtocol === undefined ? undefined : said('appProtocol', qualifiedNameProblem(appProtocol)),
  ].filter((problem) => problem !== undefined)
}

function repeated(port: ServicePort, before: readonly ServicePort[]): string[] {
  const { name, protocol = 'TCP' } = port
  return [
    ...(before.some((other) => other.name === name)
      ? [`port name ${JSON.stringify(name)} is used twice`]
      : []),
    ...(before.some((other) => other.port === port.port && (other.protocol ?? 'TCP') === protocol)
      ? [`port ${port.port} (${protocol}) is used twice`]
      : []),
  ]
}
