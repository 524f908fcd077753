import { waitUntil } from '../../lab/host/wait.js'
import { command, LAB, type Ended } from './program.js'

/**
 * Runs kubectl on the lab of these tests: the one in its control plane, since the program's own takes its start
 * each time, and these tests ask a lot.
 */
export const kubectl = (...args: string[]): Promise<Ended> =>
  command(
    'docker',
    'exec',
    `${LAB}-control-plane`,
    'kubectl',
    '--kubeconfig=/etc/kubernetes/admin.conf',
    ...args,
  )

/** Standard output of a kubectl that has to succeed. */
export async function ask(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await kubectl(...args)
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`)
  return stdout.trim()
}

/** Standard output of a shell script in a pod; `where` may name a workload: `deployment/grpc-client`. */
export const inPod = (
  namespace: string,
  where: string,
  script: string,
  container?: string,
): Promise<string> =>
  ask(
    ...['exec', '-n', namespace, where],
    ...(container === undefined ? [] : ['-c', container]),
    ...['--', 'sh', '-c', script],
  )

/** What of a pod the tests look at. */
export interface PodSeen {
  readonly name: string
  readonly namespace: string
  readonly node: string
  readonly ip: string
  readonly ready: boolean
  /** The containers that were started again, with how the one before ended. */
  readonly restarts: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

interface ContainerStatus {
  readonly name: string
  readonly restartCount: number
  readonly lastState?: object
}

interface PodObject {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly labels?: Record<string, string>
  }
  readonly spec: { readonly nodeName?: string }
  readonly status: {
    readonly podIP?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

/** The pods that arguments of `kubectl get pods` select. */
export async function pods(...args: string[]): Promise<PodSeen[]> {
  const list = JSON.parse(await ask('get', 'pods', ...args, '-o', 'json')) as {
    readonly items: readonly PodObject[]
  }
  return list.items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    namespace: metadata.namespace,
    node: spec.nodeName ?? '',
    ip: status.podIP ?? '',
    ready: status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
    restarts: [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
      .filter(({ restartCount }) => restartCount > 0)
      .map(({ name, restartCount, lastState }) => `${name} ${restartCount}: ${JSON.stringify(lastState)}`),
    labels: metadata.labels ?? {},
  }))
}

/** What is missing until all pods are Ready, but those that are there to be otherwise; `undefined` when nothing is. */
export async function notReady(): Promise<string | undefined> {
  const waiting = (await pods('-A')).filter(({ namespace, ready }) => namespace !== 'fixtures' && !ready)
  return waiting.length === 0 ? undefined : `Ready: ${waiting.map(({ name }) => name).join(', ')}`
}

/**
 * The pods of the workloads with a container that was started again, how the one before ended, and the events of the
 * pod: afterwards nothing else tells why.
 */
export async function restarted(): Promise<string[]> {
  const again = (await pods('-A')).filter(
    ({ namespace, restarts }) => namespace !== 'kube-system' && restarts.length > 0,
  )
  return Promise.all(
    again.map(async ({ namespace, name, restarts }) => {
      const of = `--field-selector=involvedObject.name=${name}`
      return [name, ...restarts, await ask('get', 'events', '-n', namespace, of)].join('\n')
    }),
  )
}

/** The pod of a name; `undefined` while there is none. */
export async function pod(namespace: string, name: string): Promise<PodSeen | undefined> {
  const [found] = await pods('-n', namespace, '--field-selector', `metadata.name=${name}`)
  return found
}

/** A value of a Secret. */
export async function secret(namespace: string, name: string, key: string): Promise<string> {
  const value = await ask('get', 'secret', '-n', namespace, name, '-o', `jsonpath={.data.${key}}`)
  return Buffer.from(value, 'base64').toString()
}

/** The multitool pod of a node. */
export async function toolOn(node: string): Promise<string> {
  const found = (await pods('-n', 'default', '-l', 'app=multitool')).find((one) => one.node === node)
  if (found === undefined) throw new Error(`no multitool on ${node}`)
  return found.name
}

/** Names of the pods behind a Service that are ready, in the EndpointSlices. */
export async function readyBehind(namespace: string, service: string): Promise<string[]> {
  const { items } = JSON.parse(
    await ask(
      'get',
      'endpointslices',
      '-n',
      namespace,
      '-l',
      `kubernetes.io/service-name=${service}`,
      '-o',
      'json',
    ),
  ) as {
    readonly items: readonly {
      readonly endpoints?: readonly {
        readonly conditions?: { readonly ready?: boolean }
        readonly targetRef?: { readonly name: string }
      }[]
    }[]
  }
  return items
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready === true)
    .map(({ targetRef }) => targetRef?.name ?? '')
    .sort()
}

/** Waits until `look` finds nothing missing any more; ends the test after `seconds`. An error counts as missing. */
export async function within(seconds: number, look: () => Promise<string | undefined>): Promise<void> {
  let missing: string | undefined
  const signal = AbortSignal.timeout(seconds * 1000)
  try {
    await waitUntil(
      async () => {
        missing = await look().catch((error: unknown) => String(error))
        return missing
      },
      { signal, everyMs: 1000 },
    )
  } catch (error) {
    throw new Error(`after ${seconds} s still: ${missing ?? 'nothing was seen'}`, { cause: error })
  }
}
