import type { Pod } from '../../../lab/observe/model/pods.js'
import type { Sighting, Stage, Watch } from '../../../lab/scenarios/stage.js'
import { Timeline } from '../../../lab/scenarios/timeline.js'

/** A cluster as a scenario meets it: time goes on by one second with each look. */
export interface FakeCluster {
  now: number
  pods: () => readonly Pod[]
  /** What a name means. */
  dns: (name: string) => readonly string[] | string
  readonly done: string[]
}

export function fakeCluster(pods: FakeCluster['pods'], dns: FakeCluster['dns']): FakeCluster {
  return { now: 0, pods, dns, done: [] }
}

/** A stage over it: what scenarios use of the real one. */
export function stageOver(cluster: FakeCluster): Stage {
  const timeline = new Timeline(() => cluster.now)
  const api = {
    pods: () => Promise.resolve(cluster.pods()),
    deletePod: (_: string, name: string) => Promise.resolve(void cluster.done.push(`delete ${name}`)),
    scale: (_: string, name: string, replicas: number) =>
      Promise.resolve(void cluster.done.push(`scale ${name} ${replicas}`)),
    statefulSet: () => Promise.resolve({ spec: { replicas: 3 } }),
  }
  return {
    api,
    timeline,
    probes: new Map([['node-1', { namespace: 'default', pod: 'probe', container: 'probe' }]]),
    apiFor: () => api,
    undo: (what: string) => void cluster.done.push(`to undo: ${what}`),
    addresses: (name: string) => Promise.resolve(cluster.dns(name)),
    pause: (ms: number) => Promise.resolve(void (cluster.now += ms)),
    watch: (name: string): Watch => ({
      get seen(): readonly Sighting[] {
        const answer = cluster.dns(name)
        return [{ atMs: cluster.now, answer: typeof answer === 'string' ? answer : answer.join(', ') }]
      },
      stop: () => Promise.resolve(),
    }),
    until: async (what: string, seconds: number, look: () => Promise<boolean>) => {
      const end = cluster.now + seconds * 1000
      while (cluster.now < end) {
        if (await look()) return timeline.note(what)
        cluster.now += 1000
      }
      return undefined
    },
    exec: () => Promise.resolve({ exitCode: 0, stdout: '40 0\n', stderr: '' }),
    docker: (args: readonly string[]) => Promise.resolve(void cluster.done.push(args.join(' '))),
    wrongIn: () => Promise.resolve([]),
  } as unknown as Stage
}

/** A pod as the API gives it. */
export function pod(name: string, ip: string, { ready = true, uid = name } = {}): Pod {
  return {
    metadata: { name, uid, namespace: 'default' },
    spec: { containers: [{ name: 'main' }], nodeName: 'node-1' },
    status: {
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [{ name: 'main', containerID: 'containerd://abc' }],
    },
  } as unknown as Pod
}
