import { describe, expect, test } from 'vitest'
import { judge } from '../../lab/checks/judge.js'
import { packsNeeded } from '../../lab/needed.js'
import { checks } from '../../lab/checks/registry.js'
import type { PackObservations } from '../../lab/observe/model/observations.js'
import { collectors } from '../../lab/observe/packs.js'
import { healthy, recording } from './checks/recorded.js'

describe('what is observed for a selection', () => {
  test('everything is, unless some checks only are wanted', () => {
    expect([...packsNeeded({})]).toEqual(Object.keys(collectors))
  })

  test('what the API lists needs no look at anything else', () => {
    expect([...packsNeeded({ only: ['endpointslices.*'] })]).toEqual([])
  })

  test('rules of kube-proxy are looked for in all of its modes', () => {
    expect([...packsNeeded({ only: ['kube-proxy.clusterip-rule'] })]).toEqual([
      'iptables',
      'nftables',
      'ipvs',
    ])
  })

  test.each(checks.map(({ id }) => id))('is enough for %s', (id) => {
    const only = { only: [id] }
    const world = healthy()
    const needed = packsNeeded(only)
    for (const pack of Object.keys(collectors) as (keyof PackObservations)[])
      if (!needed.has(pack)) world.observations[pack] = {}
    expect(judge(recording(world), only)).toEqual(judge(recording(healthy()), only))
  })
})
