import type { k8s } from 'cdk8s-plus-28'
import { imageProblem } from '../names.js'
import { portProblem, said } from '../validation.js'

/**
 * What is wrong with the containers of a pod as Kubernetes writes it, each a sentence. Quantities, and ports that may
 * be a name, are objects of cdk8s; of a plain value there it keeps nothing and says nothing, so that a limit or a
 * probe's port would be gone.
 */
export function containerProblems({ containers, initContainers = [], volumes = [] }: k8s.PodSpec): string[] {
  const all = [...initContainers, ...containers]
  // Each image once: often all containers have the same.
  const images = new Set(all.map(({ image = '' }) => image))
  return [
    ...(containers.length === 0 ? ['the pod has no container'] : []),
    ...[...images].flatMap((image) => said('image', imageProblem(image)) ?? []),
    ...all.flatMap((container) =>
      [...quantityProblems(container), ...portProblems(container)].map(
        (problem) => `container ${JSON.stringify(container.name)}: ${problem}`,
      ),
    ),
    ...volumes.flatMap(({ name, emptyDir }) =>
      emptyDir?.sizeLimit === undefined
        ? []
        : (said(
            `volume ${JSON.stringify(name)}:`,
            quantityProblem('emptyDir.sizeLimit', emptyDir.sizeLimit),
          ) ?? []),
    ),
  ]
}

function quantityProblems({ resources = {} }: k8s.Container): string[] {
  return (['requests', 'limits'] as const).flatMap((kind) =>
    Object.entries(resources[kind] ?? {})
      // As everywhere in these types, what is undefined is not said.
      .filter(([, quantity]) => (quantity as k8s.Quantity | undefined) !== undefined)
      .flatMap(([name, quantity]) => quantityProblem(`resources.${kind}.${name}`, quantity) ?? []),
  )
}

function quantityProblem(what: string, quantity: k8s.Quantity): string | undefined {
  const plain = plainProblem(what, quantity, 'Quantity')
  if (plain !== undefined) return plain
  return QUANTITY.test(String(quantity.value))
    ? undefined
    : `${what} is ${JSON.stringify(String(quantity.value))}; write a quantity such as 100m or 64Mi`
}

/** A quantity as Kubernetes writes it, not below zero: no container may have less than nothing. */
const QUANTITY = /^\+?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/

/** Everything of a container that has the port of a connection, by where it is written. */
function portProblems({ ports = [], ...container }: k8s.Container): string[] {
  const names = ports.flatMap(({ name }) => name ?? [])
  const { lifecycle = {} } = container
  const handlers: Readonly<Record<string, k8s.Probe | k8s.LifecycleHandler | undefined>> = {
    startupProbe: container.startupProbe,
    readinessProbe: container.readinessProbe,
    livenessProbe: container.livenessProbe,
    'lifecycle.postStart': lifecycle.postStart,
    'lifecycle.preStop': lifecycle.preStop,
  }
  return Object.entries(handlers).flatMap(([where, handler]) =>
    (['httpGet', 'tcpSocket'] as const).flatMap((kind) => {
      const action = handler?.[kind]
      return action === undefined ? [] : (targetProblem(`${where}.${kind}.port`, action.port, names) ?? [])
    }),
  )
}

function targetProblem(what: string, port: k8s.IntOrString, names: readonly string[]): string | undefined {
  const plain = plainProblem(what, port, 'IntOrString')
  if (plain !== undefined) return plain
  if (typeof port.value === 'number') return portProblem(what, port.value)
  if (names.includes(port.value)) return undefined
  const known = names.map((name) => JSON.stringify(name)).join(', ')
  return `${what} ${JSON.stringify(port.value)} is the name of no port of the container; ${known === '' ? 'it declares none with a name' : `write one of ${known}`}`
}

/** By what it holds and not by class: an app may have loaded cdk8s twice. */
function plainProblem(what: string, value: unknown, type: 'Quantity' | 'IntOrString'): string | undefined {
  if (typeof value === 'object' && value !== null && 'value' in value) return undefined
  if (value === undefined) return `${what} is missing; write a k8s.${type}`
  const make = typeof value === 'number' ? 'fromNumber' : 'fromString'
  const text = JSON.stringify(value)
  return `${what} is the plain value ${text}, which cdk8s drops; write k8s.${type}.${make}(${text})`
}
