import type { EndpointSlice, Service } from '../../observe/model/declared.js'
import { portNumber } from '../../observe/model/pods.js'
import type { Pod } from '../../observe/model/pods.js'

/** A port of a slice. One without a name has the empty one. */
export interface SlicePort {
  readonly name: string
  readonly port: number | null
  readonly protocol: string
  readonly appProtocol?: string
}

export function slicePorts({ ports }: EndpointSlice): SlicePort[] {
  // A slice without ports has null there, whatever the client's type says.
  const all = (ports as EndpointSlice['ports'] | null) ?? []
  return sorted(
    all.map(({ name = '', port = null, protocol = 'TCP', appProtocol }) => ({
      ...{ name, port, protocol },
      ...(appProtocol === undefined ? {} : { appProtocol }),
    })),
  )
}

/** The ports of a service at one of its pods: a target port that the pod has not under that name is left out. */
export function podPorts({ spec }: Service, pod: Pod): SlicePort[] {
  return sorted(
    (spec?.ports ?? []).flatMap(({ name = '', port, protocol = 'TCP', targetPort = port, appProtocol }) => {
      const number = typeof targetPort === 'number' ? targetPort : portNumber(pod.spec, targetPort, protocol)
      if (number === undefined) return []
      return [{ ...{ name, port: number, protocol }, ...(appProtocol === undefined ? {} : { appProtocol }) }]
    }),
  )
}

/** The ports of a service as a slice that somebody wrote has to hold them: the numbers are the slice's to say. */
export function declaredPorts({ spec }: Service, slice: EndpointSlice): SlicePort[] {
  const numbers = slicePorts(slice)
  return sorted(
    (spec?.ports ?? []).map(({ name = '', protocol = 'TCP' }) => {
      const own = numbers.find((one) => one.name === name && one.protocol === protocol)
      return own ?? { name, port: null, protocol }
    }),
  )
}

function sorted(ports: readonly SlicePort[]): SlicePort[] {
  const key = ({ name, port, protocol }: SlicePort): string => `${name} ${protocol} ${port}`
  return [...ports].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}
