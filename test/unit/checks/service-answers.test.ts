import { describe, expect, test } from 'vitest'
import { answersCheck } from '../../../lab/checks/services/answers.js'
import { systemClock } from '../../../lab/observe/clock.js'
import { connector } from '../../../lab/observe/connect.js'
import type { PodExec } from '../../../lab/observe/exec.js'
import type { Looking } from '../../../lab/observe/looking.js'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import type { Service } from '../../../lab/observe/model/declared.js'
import type { NetworkPolicy } from '../../../lab/observe/model/policies.js'
import type { Pod } from '../../../lab/observe/model/pods.js'
import { collectReach } from '../../../lab/observe/packs/reach.js'
import type { CheckResult } from '../../../lab/report/model.js'
import { networkWorld, part, podOf, policyOf } from './network-world.js'

const VIP = '10.96.0.7'
const web = (ready = true): Pod =>
  podOf('made/web-0', { ip: '10.0.1.1', labels: { app: 'web' }, ports: [80], ready })

interface Facts {
  /** What came of the connection; absent where none was tried. */
  readonly outcome?: string
  readonly targetPort?: number
  readonly ready?: boolean
  readonly policies?: readonly NetworkPolicy[]
  readonly ours?: boolean
  readonly spec?: Service['spec']
  readonly reach?: object
}

/** The service of document 000 on a cluster of somebody else. */
function judged(facts: Facts): CheckResult | undefined {
  const { outcome, targetPort = 8080, ready = true, policies = [], ours = false } = facts
  const services = [serviceOf(targetPort, facts.spec)]
  const tried = outcome === undefined ? [] : [{ host: VIP, port: 80, outcome, ms: 10 }]
  const world = networkWorld({
    lab: ours ? { topology: {} as never } : {},
    api: {
      services: part(services),
      pods: part([web(ready)]),
      networkPolicies: part(policies),
    },
    seen: { reach: { a: part([]), b: part(tried), ...facts.reach }, probeNamespace: 'default' } as never,
  })
  const declared = readDeclared(services as never)
  return answersCheck.run({ ...world, declared })[0]
}

const serviceOf = (targetPort: number, spec: Service['spec'] = {}): Service => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'made' } },
  spec: { clusterIP: VIP, selector: { app: 'web' }, ports: [{ port: 80, targetPort }], ...spec },
})

describe('services.answers', () => {
  test('passes where the virtual IP answers, from whichever node it was tried', () => {
    expect(judged({ outcome: 'open' })?.verdict).toBe('pass')
  })

  test('fails where it is refused, and names the target port that no container says it listens on', () => {
    expect(judged({ outcome: 'refused' })).toMatchObject({
      verdict: 'fail',
      evidence: { expected: { '10.96.0.7 port 80': 'open' }, observed: { '10.96.0.7 port 80': 'refused' } },
      hint: 'The service leads to port 8080 of web-0, whose containers say that they listen on 80: see the targetPort of the service.',
    })
  })

  test('blames no target port that the containers do declare', () => {
    expect(judged({ outcome: 'timeout', targetPort: 80 })).toMatchObject({
      verdict: 'fail',
      hint: answersCheck.hint,
    })
  })

  test('cannot be judged where nothing was tried, or the probe is not there', () => {
    expect(judged({})?.verdict).toBe('inconclusive')
    const gone = { error: 'no ready probe pod on node a', source: 'connections', durationMs: 0 }
    expect(judged({ reach: { a: gone } })?.hint).toContain('no ready probe pod on node a')
  })

  test('cannot be judged where a policy may keep the probe out, or in', () => {
    const shut = policyOf('made/shut', { podSelector: {} })
    expect(judged({ outcome: 'timeout', policies: [shut] })?.hint).toContain('made/shut')
    const within = policyOf('default/within', { policyTypes: ['Egress'] })
    expect(judged({ outcome: 'timeout', policies: [within] })?.hint).toContain('default/within')
    expect(judged({ outcome: 'open', policies: [shut, within] })?.verdict).toBe('pass')
  })

  test('does not apply where each node leads to its own pods', () => {
    const spec = { internalTrafficPolicy: 'Local' }
    expect(judged({ outcome: 'refused', spec })?.verdict).toBe('skipped')
  })

  test('is no claim where nothing is ready, nor in a lab, which looks where connections go', () => {
    expect(judged({ outcome: 'refused', ready: false })).toBeUndefined()
    expect(judged({ outcome: 'refused', ours: true })).toBeUndefined()
  })
})

describe('the connections for it', () => {
  test('are one to each port, the services taking turns over the nodes that have a probe', async () => {
    expect(await attempts({})).toEqual({ a: [`${VIP} 80`], b: [`${VIP} 80`] })
  })

  test('are not made in a lab', async () => {
    expect(await attempts({ ours: true })).toEqual({ a: [], b: [] })
  })

  async function attempts({ ours = false }): Promise<Record<string, string[]>> {
    const seen: Record<string, string[]> = { a: [], b: [] }
    const exec: PodExec = ({ pod }, [, , , , ...words]) => {
      const lines = words.flatMap((host, i) => (i % 3 === 0 ? [`${host} ${words[i + 1] ?? ''}`] : []))
      seen[pod]?.push(...lines)
      const stdout = lines.map((_, i) => `@@ ${i} 10 0\n`).join('')
      return Promise.resolve({ exitCode: 0, stdout, stderr: '' })
    }
    const first = serviceOf(8080)
    const second = { ...first, metadata: { name: 'again', namespace: 'made' } }
    const { lab } = networkWorld({ lab: ours ? { topology: {} as never } : {} })
    const probes = new Map(lab.nodes.map((node) => [node, { namespace: 'made', pod: node, container: 'c' }]))
    const looking = {
      ...{ collecting: { clock: systemClock }, connect: connector(exec), lab, pods: [web()], probes },
      declared: readDeclared([first, second] as never),
      // By the slices nothing is ready only where they say so.
      api: { services: part([first, second]), endpointSlices: { error: 'none', source: '', durationMs: 0 } },
    } as unknown as Looking
    const parts = await collectReach(looking)
    expect(Object.keys(parts)).toEqual(['a', 'b'])
    return seen
  }
})
