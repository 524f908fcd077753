import { nameOf } from '../../observe/model/declared.js'
import { isReady } from '../../observe/model/pods.js'
import { dnsOf } from '../../observe/model/questions.js'
import { defineScenario } from '../scenario.js'

/** How long lookups go on, and when one of the servers is killed within. */
const LOAD_SECONDS = 15
/** Besides them: the last lookup, and the way there and back. */
const LOAD_MS = (LOAD_SECONDS + 15) * 1000
const KILL_AFTER_MS = 3_000

/**
 * Looks a name up again and again, each time as a resolver does: one retry after a second. For any POSIX sh with dig.
 *
 * Arguments: seconds, name.
 */
const LOAD = `
end=$(($(date +%s) + $1))
asked=0 failed=0
while [ "$(date +%s)" -lt "$end" ]; do
  asked=$((asked + 1))
  [ -n "$(dig -r +short +tries=2 +time=1 "$2" A 2> /dev/null | grep -v '^;')" ] || failed=$((failed + 1))
done
echo "$asked $failed"
`

interface Target {
  readonly name: string
  readonly nodes: readonly string[]
}

interface Seen {
  readonly killed: string
  /** By node. */
  readonly asked: Readonly<Record<string, number>>
  readonly failed: Readonly<Record<string, number>>
  /** Whether there were as many servers as before afterwards. */
  readonly restored: boolean
}

const LABELS = { 'k8s-app': 'kube-dns' }
const NAMESPACE = 'kube-system'

export const coreDnsKilled = defineScenario<Target, Seen>({
  name: 'coredns-killed',
  title: 'when a DNS server is killed under load, no lookup fails beyond its retry',
  answers: '001 Troubleshooting, DNS',
  disrupts: 'deletes one CoreDNS pod while names are looked up on every node',
  hint: 'One server only, or both on one node: see `kubectl get pods -n kube-system -l k8s-app=kube-dns -o wide`. A server needs its lameduck time to be taken out of the rules.',
  choose: ({ declared, lab }) => {
    const service = declared.services.find(
      ({ spec }) => spec?.clusterIP !== 'None' && spec?.selector !== undefined,
    )
    return service === undefined
      ? { notHere: 'there is no ClusterIP service to look up' }
      : { name: dnsOf(service, lab).fqdn, nodes: lab.nodes }
  },
  subject: () => ({ kind: 'Deployment', namespace: NAMESPACE, name: 'coredns' }),
  act: async ({ name, nodes }, stage) => {
    const before = (await stage.api.pods(NAMESPACE, LABELS)).filter(isReady)
    const [victim] = before
    if (victim === undefined || before.length < 2) {
      throw new Error(`there are ${before.length} DNS servers: one that is killed needs another beside it`)
    }
    const unasked = nodes.filter((node) => !stage.probes.has(node))
    if (unasked.length > 0) throw new Error(`no ready probe pod on ${unasked.join(', ')}`)
    const load = [...stage.probes].map(async ([node, probe]) => {
      const command = ['sh', '-c', LOAD, 'sh', String(LOAD_SECONDS), `${name}.`]
      const { stdout } = await stage.exec(probe, command, LOAD_MS)
      const [asked = 0, failed = 0] = stdout.trim().split(' ').map(Number)
      return { node, asked, failed }
    })
    const done = Promise.all(load)
    // Should the rest throw first, this one must not be left unhandled.
    done.catch(() => undefined)
    await stage.pause(KILL_AFTER_MS)
    await stage.api.deletePod(NAMESPACE, nameOf(victim))
    stage.timeline.note(`deleted ${nameOf(victim)}`)
    const loads = await done
    stage.timeline.note('the lookups are over')
    const back = await stage.until('there are as many servers as before', 90, async () => {
      const now = (await stage.api.pods(NAMESPACE, LABELS)).filter(isReady)
      return now.length >= before.length && now.every((pod) => nameOf(pod) !== nameOf(victim))
    })
    return {
      killed: nameOf(victim),
      asked: Object.fromEntries(loads.map(({ node, asked }) => [node, asked])),
      failed: Object.fromEntries(loads.map(({ node, failed }) => [node, failed])),
      restored: back !== undefined,
    }
  },
  judge: (_, { killed, asked, failed, restored }) => {
    const counts = Object.values(asked)
    // No lookup at all fails neither.
    if (counts.length === 0 || counts.includes(0)) {
      return {
        verdict: 'inconclusive',
        expected: null,
        observed: { killed, asked },
        hint: 'A node looked nothing up.',
      }
    }
    const none = Object.values(failed).every((count) => count === 0)
    return {
      verdict: none && restored ? 'pass' : 'fail',
      expected: { failed: Object.fromEntries(Object.keys(asked).map((node) => [node, 0])), restored: true },
      observed: { killed, asked, failed, restored },
    }
  },
})
