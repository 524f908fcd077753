import { join, relative, resolve, sep } from 'node:path'
import { expect } from 'vitest'
import { parse, parseDocument } from 'yaml'
import { LabState } from '../../../lab/cluster/state.js'
import { hostEntries } from '../../../lab/cluster/host-entries.js'
import { stateDir } from '../../../lab/host/paths.js'
import { expectedContainers } from '../../../lab/pipeline/steps/containers.js'
import { KIND_CONFIG_FILE, type Plan } from '../../../lab/plan/plan.js'

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Holds for every plan, whatever the spec said. */
export function expectSoundPlan(plan: Plan): void {
  expect(plan.name).toMatch(LABEL)
  expect(plan.name.length).toBeLessThanOrEqual(40)
  expectInside(plan)
  const containers = expectedContainers(plan)
  for (const name of containers) expect(name).toMatch(LABEL)
  expect(new Set(containers).size).toBe(containers.length)
  expectMeant(plan)
}

/** Everything that is named after the lab is in its folder, or has its name in the file that it is. */
function expectInside(plan: Plan): void {
  const cwd = resolve(sep, 'some', 'where')
  const folder = stateDir(plan.name, cwd)
  expect(relative(join(cwd, '.lab'), folder)).toBe(plan.name)
  const state = new LabState(plan.name, folder)
  const files = [
    state.topologyFile(),
    state.kubeconfig(),
    state.file(KIND_CONFIG_FILE),
    state.logFile('containerlab'),
  ]
  for (const file of files) expect(relative(folder, file)).toMatch(/^(?:logs\/)?[\w.-]+$/)
  expect(relative(join(cwd, '.lab'), state.lockFile())).toBe(`${plan.name}.lock`)
  const { sshFile, netnsLinks } = hostEntries(plan.name, expectedContainers(plan))
  expect(relative('/etc/ssh/ssh_config.d', sshFile)).toMatch(/^clab-[a-z0-9-]+\.conf$/)
  for (const link of netnsLinks) expect(relative('/run/netns', link)).toMatch(LABEL)
}

/** The files of containerlab and kind say what the spec did, and nothing besides. */
function expectMeant(plan: Plan): void {
  const { topology } = plan
  const kind = readAgain(plan.kindConfig)
  expect(kind).toMatchObject({
    name: plan.name,
    networking: { podSubnet: topology.podSubnets.join(), serviceSubnet: topology.serviceSubnets.join() },
  })
  const [patch = ''] = (kind as { readonly kubeadmConfigPatches: string[] }).kubeadmConfigPatches
  expect(readAgain(patch)).toMatchObject({ networking: { dnsDomain: topology.clusterDomain } })
  const clab = readAgain(expanded(plan.containerlab('some/node:1', {}))) as {
    readonly name: unknown
    readonly topology: { readonly nodes: Readonly<Record<string, object>> }
  }
  expect(clab.name).toBe(plan.name)
  const { [plan.name]: cluster, ...linux } = clab.topology.nodes
  expect(cluster).toMatchObject({
    kind: 'k8s-kind',
    image: 'some/node:1',
    'startup-config': KIND_CONFIG_FILE,
  })
  const meant = topology.linuxNodes.map(({ name, image, env, cmd }) => [
    name,
    {
      ...{ kind: 'linux', image },
      ...(Object.keys(env).length === 0 ? {} : { env }),
      ...(cmd === undefined ? {} : { cmd }),
    },
  ])
  expect(linux).toEqual(Object.fromEntries(meant))
}

/** The same value, whichever version of YAML the reader knows; as bytes of a file have it. */
function readAgain(text: string): unknown {
  const bytes = Buffer.from(text).toString()
  const document = parseDocument(bytes, { version: '1.2' })
  expect([...document.errors, ...document.warnings]).toEqual([])
  const value = document.toJS() as unknown
  expect(parse(bytes, { version: '1.1' })).toEqual(value)
  return value
}

/** What containerlab makes of its file before it reads it: Go's templates, and then `$VAR`. Nothing may be left to either. */
function expanded(text: string): string {
  const literal = '{{`{{`}}'
  expect(text.replaceAll(literal, '')).not.toContain('{{')
  const templated = text.replaceAll(literal, '{{')
  expect(templated.replaceAll('$$', '')).not.toContain('$')
  return templated.replaceAll('$$', '$')
}
