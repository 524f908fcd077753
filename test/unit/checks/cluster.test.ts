import { describe, expect, it } from 'vitest'
import { clusterChecks } from '../../../lab/checks/cluster.js'
import type { CheckResult } from '../../../lab/report/model.js'
import type { AccessSeen } from '../../../lab/observe/model/access.js'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import type { Part } from '../../../lab/observe/model/observations.js'
import { healthy, recording } from './recorded.js'

const seen = <T>(value: T): Part<T> => ({ value, source: 'GET', durationMs: 1 })
const refused: Part<never> = { error: '403: you may not', source: 'GET', durationMs: 1 }

const all: AccessSeen = {
  lists: { nodes: seen(3), 'default/services': seen(5), 'kube-system/configmaps/coredns': seen(1) },
  probes: { worker: seen('default/multitool-x') },
}

/** The verdicts on the recorded lab, were it a cluster of others that lets be done what is said. */
function verdicts(access: AccessSeen | undefined): string[] {
  return judged(access).map(
    ({ id, subject: { namespace, name }, verdict }) =>
      `${id} ${namespace === undefined ? '' : `${namespace}/`}${name} ${verdict}`,
  )
}

function judged(access: AccessSeen | undefined): CheckResult[] {
  const { lab, declared, observations } = recording(healthy())
  const world = {
    lab,
    declared: readDeclared(declared),
    observations: { ...observations, ...(access && { access }) },
  }
  return clusterChecks.flatMap((check) => check.run(world))
}

describe('the access to a cluster', () => {
  it('is judged of clusters of others only', () => {
    expect(verdicts(undefined)).toEqual([])
  })

  it('passes where everything could be read and made', () => {
    expect(verdicts(all)).toEqual([
      'cluster.readable nodes pass',
      'cluster.readable default/services pass',
      'cluster.readable kube-system/configmaps/coredns pass',
      'cluster.declares default pass',
      'cluster.probe worker pass',
    ])
  })

  it('is inconclusive where something could not be read, and says which rights there are to give', () => {
    const results = judged({ ...all, lists: { ...all.lists, nodes: refused } })
    expect(results[0]).toMatchObject({
      id: 'cluster.readable',
      verdict: 'inconclusive',
      hint: 'Could not be judged: GET: 403: you may not.',
    })
    expect(results.slice(1).map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass', 'pass'])
  })

  it('is inconclusive of a namespace in which nothing is', () => {
    const lists = { 'tpyo/services': seen(0) }
    expect(verdicts({ lists, probes: {} })).toEqual([
      'cluster.readable tpyo/services pass',
      'cluster.declares tpyo inconclusive',
    ])
  })

  it('is inconclusive of a namespace in which nothing may be read, or only a part that has nothing', () => {
    const lists = { 'shop/services': seen(0), 'shop/statefulsets': refused }
    expect(judged({ lists, probes: {} }).at(-1)).toMatchObject({
      id: 'cluster.declares',
      hint: 'Could not be judged: GET: 403: you may not.',
    })
  })

  it('is inconclusive of a node without a probe pod', () => {
    const probes = { worker: refused, other: seen('web/p') }
    expect(verdicts({ lists: {}, probes, privilegedProbes: probes })).toEqual([
      'cluster.probe worker inconclusive',
      'cluster.probe other pass',
      'cluster.privileged-probe worker inconclusive',
      'cluster.privileged-probe other pass',
    ])
  })
})
