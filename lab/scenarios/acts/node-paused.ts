import { isHeadless, nameOf, namespaceOf, selectedBy } from '../../observe/model/declared.js'
import type { Service } from '../../observe/model/declared.js'
import { ipv4Of } from '../../observe/model/pods.js'
import { dnsOf } from '../../observe/model/questions.js'
import { lacks } from '../answers.js'
import { defineScenario, type Ground } from '../scenario.js'
import { seconds } from './pod-deleted.js'

interface Paused {
  readonly node: string
  readonly service: Service
  readonly fqdn: string
}

interface Seen {
  /** Addresses of the pods on the node. */
  readonly there: readonly string[]
  readonly before: readonly string[] | string
  readonly without: readonly string[] | string
  readonly goneMs: number | undefined
  /** What was wrong with the lab at the end. */
  readonly wrong: readonly string[]
  readonly healedMs: number | undefined
}

/** Kubernetes takes a silent node for dead after some 50 s (node-monitor-grace-period). */
const GONE_SECONDS = 120
const HEALED_SECONDS = 240

export const nodePaused = defineScenario<Paused, Seen>({
  name: 'node-paused',
  title: 'the pods of a node that stands still leave the headless service, and all is well when it goes on',
  answers: '001 exercise 3.2',
  disrupts: 'pauses the container of the last worker for a minute or two',
  hint: 'See `kubectl get nodes`: while the node counts as Ready, its pods do. A service that publishes pods that are not ready keeps them.',
  choose: (ground) => {
    const node = ground.lab.nodes.at(-1)
    if (!ground.ownNodes || node === undefined || ground.lab.nodes.length < 2) {
      return { notHere: 'only a worker that is a container of this machine can be paused' }
    }
    const service = spreadService(ground)
    if (service === undefined) return { notHere: 'no headless service leads to pods of a Deployment' }
    return { node, service, fqdn: dnsOf(service, ground.lab).fqdn }
  },
  subject: ({ node }) => ({ kind: 'Node', name: node }),
  act: async ({ node, service, fqdn }, stage) => {
    const labels = service.spec?.selector ?? {}
    const pods = (await stage.api.pods(namespaceOf(service), labels)).filter(
      ({ spec }) => spec?.nodeName === node,
    )
    const there = pods.flatMap((pod) => ipv4Of(pod) ?? [])
    const [elsewhere] = [...stage.probes].filter(([at]) => at !== node).map(([, probe]) => probe)
    if (elsewhere === undefined) throw new Error('no ready probe pod on another node')
    const before = await stage.addresses(fqdn, elsewhere)
    // That addresses leave says nothing where they never were.
    if (!there.every((address) => before.includes(address)))
      throw new Error(`${fqdn} does not lead to the pods on ${node} to begin with`)
    stage.undo(`node ${node} runs`, (signal) =>
      stage.docker(['unpause', node], signal).catch((error: unknown) => {
        if (!String(error).includes('not paused')) throw error
      }),
    )
    await stage.docker(['pause', node])
    const at = stage.timeline.note(`paused ${node}`)
    let without: readonly string[] | string = before
    const gone = await stage.until(
      `pods of ${nameOf(service)} on it are gone from the answers`,
      GONE_SECONDS,
      async () => {
        without = await stage.addresses(fqdn, elsewhere)
        return lacks(without, there)
      },
    )
    await stage.docker(['unpause', node])
    const resumed = stage.timeline.note(`${node} goes on`)
    let wrong: readonly string[] = []
    const healed = await stage.until('all checks pass', HEALED_SECONDS, async () => {
      wrong = await stage.wrongIn()
      return wrong.length === 0
    })
    return {
      ...{ there, before, without, wrong },
      goneMs: gone === undefined ? undefined : gone - at,
      healedMs: healed === undefined ? undefined : healed - resumed,
    }
  },
  judge: (_, { there, before, without, goneMs, healedMs, wrong }) => ({
    verdict:
      there.length === 0 ? 'inconclusive' : goneMs !== undefined && healedMs !== undefined ? 'pass' : 'fail',
    expected: 'its pods leave the answers, and all checks pass when it goes on',
    observed: {
      ...{ before, without },
      'gone after': goneMs === undefined ? 'never' : seconds(goneMs),
      'well within': healedMs === undefined ? 'never' : seconds(healedMs),
      wrong,
    },
    ...(there.length === 0 ? { hint: 'No pod of the service was on the node.' } : {}),
  }),
})

function spreadService({ declared }: Ground): Service | undefined {
  const most = (service: Service): number =>
    Math.max(0, ...selectedBy(service, declared.deployments).map(({ spec }) => spec?.replicas ?? 1))
  return declared.services
    .filter((service) => isHeadless(service) && service.spec?.publishNotReadyAddresses !== true)
    .filter((service) => most(service) > 0)
    .sort((a, b) => most(b) - most(a))[0]
}
