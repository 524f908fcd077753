import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { linuxContainerName, renderContainerlab } from '../../../topology/render-containerlab.js'
import { topologyOf } from './fixtures.js'

const options = { nodeImage: 'headless-lab/node:v1.34.4', kindConfigFile: 'kind.yaml' }

describe('renderContainerlab', () => {
  it('gives these bytes for the default lab', () => {
    expect(renderContainerlab(topologyOf(), options))
      .toBe(`# Rendered by headless-lab from the spec; the next deploy writes it again.
name: headless-services
prefix: __lab-name
mgmt:
  network: kind
  ipv4-subnet: auto
  external-access: false
topology:
  nodes:
    headless-services:
      kind: k8s-kind
      image: headless-lab/node:v1.34.4
      startup-config: kind.yaml
      extras:
        k8s_kind:
          deploy:
            wait: 0s
`)
  })

  it('asks for an IPv6 range where the lab has the family', () => {
    const text = renderContainerlab(topologyOf({ ipFamily: 'dual' }), options)
    expect(parse(text)).toMatchObject({ mgmt: { 'ipv6-subnet': 'auto' } })
  })

  it('puts linux nodes beside the cluster', () => {
    const topology = topologyOf({
      linuxNodes: [
        {
          name: 'db',
          image: 'headless-lab/postgres:17',
          env: { FORCE: 'yes', TIME: '12:30' },
          cmd: 'postgres -c "a b"',
        },
        { name: 'plain', image: 'x' },
      ],
    })
    expect(parse(renderContainerlab(topology, options), { version: '1.1' })).toMatchObject({
      topology: {
        nodes: {
          db: {
            kind: 'linux',
            image: 'headless-lab/postgres:17',
            env: { FORCE: 'yes', TIME: '12:30' },
            cmd: 'postgres -c "a b"',
          },
          plain: { kind: 'linux', image: 'x' },
        },
      },
    })
    expect(topology.linuxNodes.map((node) => linuxContainerName(topology, node))).toEqual([
      'headless-services-db',
      'headless-services-plain',
    ])
  })

  it('names the images of linux nodes as the engine knows them', () => {
    const topology = topologyOf({
      linuxNodes: [
        { name: 'db', image: 'headless-lab/postgres' },
        { name: 'plain', image: 'x' },
      ],
    })
    const linuxImages = { 'headless-lab/postgres': 'headless-lab/postgres:17-k' }
    expect(parse(renderContainerlab(topology, { ...options, linuxImages }))).toMatchObject({
      topology: { nodes: { db: { image: 'headless-lab/postgres:17-k' }, plain: { image: 'x' } } },
    })
  })

  it('takes no image for one of its own that is named like what every object has', () => {
    const topology = topologyOf({ linuxNodes: [{ name: 'db', image: 'constructor' }] })
    expect(parse(renderContainerlab(topology, { ...options, linuxImages: {} }))).toMatchObject({
      topology: { nodes: { db: { image: 'constructor' } } },
    })
  })

  it('keeps containerlab from reading variables and templates into values', () => {
    const topology = topologyOf({
      linuxNodes: [{ name: 'db', image: 'x', env: { A: '$HOME ${X} $$ {{ .Y }}' } }],
    })
    expect(renderContainerlab(topology, options)).toContain('A: $$HOME $${X} $$$$ {{`{{`}} .Y }}\n')
  })
})
