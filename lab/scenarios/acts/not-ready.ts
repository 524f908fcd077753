import { isDeepStrictEqual } from 'node:util'
import { nameOf, namespaceOf } from '../../observe/model/declared.js'
import { ipv4Of, isReady } from '../../observe/model/pods.js'
import { lacks } from '../answers.js'
import { deploymentsBehind, type Behind } from '../choose.js'
import { defineScenario } from '../scenario.js'
import { seconds } from './pod-deleted.js'

/** What containerd says of a task that is not frozen any more. */
const STILL = /not paused|running process/

interface Seen {
  readonly frozen: string
  readonly before: readonly string[] | string
  readonly without: readonly string[] | string
  readonly after: readonly string[] | string
  readonly leftMs: number | undefined
  readonly returnedMs: number | undefined
}

export const notReady = defineScenario<Behind, Seen>({
  name: 'not-ready',
  title: 'a pod that is not Ready leaves the addresses of the headless service, and returns when it is Ready',
  answers: '001 exercise 3.2',
  disrupts: 'freezes the processes of one pod of a Deployment until it is not Ready',
  hint: 'The service publishes pods that are not ready, or nothing asks the pod whether it is: see its readinessProbe.',
  choose: (ground) => {
    if (!ground.ownNodes) return { notHere: 'processes can be frozen only on nodes of this machine' }
    return (
      deploymentsBehind(ground)[0] ?? {
        notHere: 'no Deployment of several pods with a readiness probe is behind a headless service',
      }
    )
  },
  subject: ({ service }) => ({ kind: 'Service', namespace: namespaceOf(service), name: nameOf(service) }),
  act: async ({ deployment, fqdn }, stage) => {
    const all = await stage.api.pods(namespaceOf(deployment), deployment.spec?.selector.matchLabels ?? {})
    const pod = all.find(isReady)
    const node = pod?.spec?.nodeName
    const address = pod === undefined ? undefined : ipv4Of(pod)
    const id = pod?.status?.containerStatuses?.[0]?.containerID?.replace(/^containerd:\/\//, '')
    if (pod === undefined || node === undefined || address === undefined || id === undefined) {
      throw new Error('there is no ready pod to freeze')
    }
    const before = await stage.addresses(fqdn)
    // That an address leaves says nothing where it never was.
    if (!before.includes(address)) throw new Error(`${fqdn} does not lead to ${address} to begin with`)
    const task = (verb: 'pause' | 'resume'): string[] => [
      ...['exec', node, 'ctr', '--namespace', 'k8s.io', 'tasks', verb, id],
    ]
    stage.undo(`pod ${nameOf(pod)} runs`, (signal) =>
      // Once resumed it cannot be resumed again.
      stage.docker(task('resume'), signal).catch((error: unknown) => {
        if (!STILL.test(String(error))) throw error
      }),
    )
    await stage.docker(task('pause'))
    const at = stage.timeline.note(`froze pod ${nameOf(pod)} (${address})`)
    let without: readonly string[] | string = before
    const left = await stage.until(`${address} is gone from the answers`, 50, async () => {
      without = await stage.addresses(fqdn)
      return lacks(without, [address])
    })
    await stage.docker(task('resume'))
    const resumed = stage.timeline.note('it runs again')
    let after: readonly string[] | string = without
    const returned = await stage.until(`${address} is back`, 60, async () => {
      after = await stage.addresses(fqdn)
      return after.includes(address)
    })
    return {
      ...{ frozen: address, before, without, after },
      leftMs: left === undefined ? undefined : left - at,
      returnedMs: returned === undefined ? undefined : returned - resumed,
    }
  },
  judge: (_, { frozen, before, without, after, leftMs, returnedMs }) => {
    const others = typeof before === 'string' ? [] : before.filter((address) => address !== frozen)
    const expected = { before, without: others, after: before }
    return {
      verdict: isDeepStrictEqual({ before, without, after }, expected) ? 'pass' : 'fail',
      expected,
      observed: {
        ...{ before, without, after },
        'gone after': leftMs === undefined ? 'never' : seconds(leftMs),
        'back after': returnedMs === undefined ? 'never' : seconds(returnedMs),
      },
    }
  },
})
