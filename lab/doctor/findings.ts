import type { Plan } from '../plan/plan.js'
import { AS_ROOT, atLeast, requirements, ROOT } from '../host/requirements.js'
import { FREE_SPACE, gigabytes } from '../host/disk.js'
import type { LabInEngine } from '../cluster/engine.js'
import { expectedContainers } from '../pipeline/steps/containers.js'
import type { Asked, DoctorFacts, LabRange, Nameserver } from './facts.js'
import type { Finding } from './finding.js'

/**
 * The first Docker that gives a container a cgroup namespace of its own (`--cgroupns`, its release notes), as kind
 * asks it to for every node since v0.20 (kubernetes-sigs/kind#3241).
 */
const LEAST_ENGINE = '20.10'

/** The last minor version of Kubernetes whose kubelet starts on cgroup v1 unasked (KEP-4569). */
const LAST_WITH_CGROUP_V1 = 34
/** inotify instances of a node: systemd's, containerd's, the kubelet's and those of its pods (58 for 3 nodes, measured). */
const INSTANCES_OF_NODE = 20
/** What --fix sets, and what kind's documentation advises. */
const ENOUGH_INSTANCES = 512
const ENOUGH_WATCHES = 524_288
const FEW_WATCHES = 65_536
const NO_ENGINE = 'no engine answers'
const NO_INOTIFY = '/proc tells nothing of inotify here'
/** Drivers that cannot be stacked on themselves, or copy whole files: containerd in the node keeps its own layers. */
const SLOW_DRIVERS: readonly string[] = ['vfs', 'fuse-overlayfs', 'devicemapper']
/** Bytes of memory of the default lab (2.7 GB measured after its deploy), and of one node more. */
const MEMORY_OF_LAB = 4e9
const MEMORY_OF_NODE = 1e9

type LabOfPlan = Pick<Plan, 'name' | 'nodes' | 'topology'>

/** What is wrong with the host, and what is not, from the ground up. Pure. */
export function findingsOf(facts: DoctorFacts, plan: LabOfPlan, kubernetes: string): Finding[] {
  return [
    root(facts),
    ...missing(facts),
    engine(facts),
    ...storage(facts),
    privileged(facts),
    cgroup(facts, kubernetes),
    ...features(facts),
    instances(facts),
    watches(facts),
    ...disks(facts),
    memory(facts),
    ...ranges(facts),
    ...nameservers(facts),
    port(facts),
    ...leftovers(facts, plan),
  ]
}

function root({ isRoot }: DoctorFacts): Finding {
  const about = { id: 'root', title: 'user' }
  if (isRoot) return { ...about, verdict: 'ok', value: 'root' }
  return { ...about, verdict: 'fail', value: ROOT.missing, fix: AS_ROOT }
}

/** What deploy would install. A stopped engine does not tell what has to be built. */
function missing({ host, tools }: DoctorFacts): Finding[] {
  const about = { id: 'tools', title: 'packages' }
  if (host === undefined) return [{ ...about, verdict: 'unknown', value: 'not known: see the engine' }]
  const lacks = requirements(host, host.engine === 'stopped' ? [] : tools).filter((one) => one !== ROOT)
  if (lacks.length === 0) return [{ ...about, verdict: 'ok', value: 'nothing has to be installed' }]
  return lacks.map(({ missing: what, packages, from }) => ({
    ...about,
    verdict: from === undefined ? 'fail' : 'warn',
    value: what,
    fix:
      from === undefined
        ? `install ${packages.join(', ')} by hand`
        : `deploy installs ${packages.join(', ')} (from the ${from}) when it may: npm run deploy -- --yes`,
  }))
}

function engine({ host, engine: seen }: DoctorFacts): Finding {
  const about = { id: 'engine', title: 'Docker engine' }
  if (seen !== undefined && 'value' in seen) return version(seen.value.version)
  if (seen !== undefined) return { ...about, verdict: 'fail', value: seen.trouble.why, fix: seen.trouble.fix }
  if (host?.engine === 'stopped')
    return {
      ...about,
      verdict: 'warn',
      value: 'installed, and does not run',
      fix: 'deploy starts it',
      repair: { kind: 'start-engine' },
    }
  return { ...about, verdict: 'warn', value: 'there is none', fix: 'deploy installs it when it may' }
}

/** One whose version is no number, a build of somebody's for example, is not told to be old. */
function version(text: string): Finding {
  const about = { id: 'engine', title: 'Docker engine', value: `version ${text}` }
  const number = /^\d+(\.\d+)*/.exec(text)?.[0]
  if (number === undefined || atLeast(number, LEAST_ENGINE)) return { ...about, verdict: 'ok' }
  return {
    ...about,
    verdict: 'warn',
    fix: `kind makes nodes with Docker ${LEAST_ENGINE} and newer: upgrade it (docs.docker.com, install)`,
  }
}

function storage({ engine: seen }: DoctorFacts): Finding[] {
  if (seen === undefined || 'trouble' in seen) return []
  const { storageDriver } = seen.value
  const about = { id: 'storage-driver', title: 'storage driver', value: storageDriver }
  if (!SLOW_DRIVERS.includes(storageDriver)) return [{ ...about, verdict: 'ok' }]
  return [
    {
      ...about,
      verdict: 'warn',
      fix: 'it copies whole layers, so that nodes take long and much space: use overlay2 (docs.docker.com, storage drivers)',
    },
  ]
}

function privileged({ engine: answers, privileged: seen }: DoctorFacts): Finding {
  const about = { id: 'privileged', title: 'privileged container' }
  if (seen === undefined) {
    const why = answers !== undefined && 'value' in answers ? '' : `: ${NO_ENGINE}`
    return { ...about, verdict: 'unknown', value: `not tried${why}` }
  }
  if ('trouble' in seen)
    return { ...about, verdict: 'fail', value: `not started: ${seen.trouble.why}`, fix: seen.trouble.fix }
  if (seen.value === 'started') return { ...about, verdict: 'ok', value: 'really started' }
  return {
    ...about,
    verdict: 'fail',
    value: seen.value.refusal,
    fix: "nodes are such containers: a rootless engine, one in another container, or an old runc cannot start them. On Debian 12 deploy offers the next release's engine",
  }
}

function cgroup({ cgroupVersion }: DoctorFacts, kubernetes: string): Finding {
  const minor = Number(/^v1\.(\d+)/.exec(kubernetes)?.[1])
  const about = { id: 'cgroup', title: 'cgroup', value: `v${cgroupVersion}, Kubernetes ${kubernetes}` }
  if (cgroupVersion === 2 || minor <= LAST_WITH_CGROUP_V1) return { ...about, verdict: 'ok' }
  return {
    ...about,
    verdict: 'fail',
    fix: 'the kubelet of this Kubernetes refuses cgroup v1: start the host with systemd.unified_cgroup_hierarchy=1',
  }
}

function features({ features: all }: DoctorFacts): Finding[] {
  const lacking = all.filter(({ there }) => there === false)
  const unknown = all.filter(({ there }) => there === undefined)
  const about = { id: 'kernel', title: 'kernel' }
  if (lacking.length > 0)
    return lacking.map(({ name, usedBy, fix = 'use a kernel that has it, as a module or built in' }) => ({
      ...about,
      verdict: 'fail',
      value: `without ${name}`,
      fix: `${usedBy} needs it: ${fix}`,
    }))
  const names = (list: typeof all): string => list.map(({ name }) => name).join(', ')
  return unknown.length > 0
    ? [{ ...about, verdict: 'unknown', value: `nothing tells whether it has ${names(unknown)}` }]
    : [{ ...about, verdict: 'ok', value: names(all) }]
}

function instances({ inotify, nodesToMake: nodes }: DoctorFacts): Finding {
  const about = { id: 'inotify.instances', title: 'inotify instances' }
  if (inotify === undefined) return { ...about, verdict: 'unknown', value: NO_INOTIFY }
  const { maxInstances, instances: taken } = inotify
  const needed = nodes * INSTANCES_OF_NODE
  const free = maxInstances - taken
  const value = `${free} free of ${maxInstances}; ${nodes} more nodes take about ${needed}`
  if (free >= needed) return { ...about, verdict: 'ok', value }
  const enough = Math.max(ENOUGH_INSTANCES, taken + needed)
  return {
    ...{ ...about, verdict: 'fail', value },
    fix: `sysctl fs.inotify.max_user_instances=${enough} (in /etc/sysctl.d to keep it)`,
    repair: { kind: 'sysctl', key: 'fs.inotify.max_user_instances', value: enough },
  }
}

function watches({ inotify }: DoctorFacts): Finding {
  const about = { id: 'inotify.watches', title: 'inotify watches' }
  if (inotify === undefined) return { ...about, verdict: 'unknown', value: NO_INOTIFY }
  const value = `at most ${inotify.maxWatches}`
  if (inotify.maxWatches >= FEW_WATCHES) return { ...about, verdict: 'ok', value }
  return {
    ...{ ...about, verdict: 'warn', value },
    fix: `sysctl fs.inotify.max_user_watches=${ENOUGH_WATCHES} (in /etc/sysctl.d to keep it)`,
    repair: { kind: 'sysctl', key: 'fs.inotify.max_user_watches', value: ENOUGH_WATCHES },
  }
}

function disks({ disks: all }: DoctorFacts): Finding[] {
  if (all.length === 0) return [{ id: 'disk', title: 'disk', verdict: 'ok', value: 'a deploy takes none' }]
  return all.map(({ folders, free, needed }) => {
    const about = {
      id: 'disk',
      title: 'disk',
      value: `${folders.join(', ')}: ${gigabytes(free)} free, a deploy takes ${gigabytes(needed)}`,
    }
    if (free >= needed) return { ...about, verdict: 'ok' as const }
    return { ...about, verdict: 'fail' as const, fix: FREE_SPACE }
  })
}

function memory({ memory: has, nodesToMake: nodes }: DoctorFacts): Finding {
  const { available, total } = has
  const needed = nodes === 0 ? 0 : MEMORY_OF_LAB + Math.max(0, nodes - 3) * MEMORY_OF_NODE
  const about = {
    id: 'memory',
    title: 'memory',
    value: `${gigabytes(available)} free of ${gigabytes(total)}; a deploy takes about ${gigabytes(needed)}`,
  }
  if (available >= needed) return { ...about, verdict: 'ok' }
  return {
    ...about,
    verdict: 'warn',
    fix: 'turn some workloads off in the spec (workloads.kafka.enabled: false), or end something else',
  }
}

function ranges({ clashes }: DoctorFacts): Finding[] {
  const about = { id: 'networks', title: 'address ranges' }
  if (clashes === undefined || 'trouble' in clashes)
    return [{ ...about, verdict: 'unknown', value: notKnown(clashes) }]
  if (clashes.value.length === 0)
    return [{ ...about, verdict: 'ok', value: 'nothing else uses those of the lab' }]
  return clashes.value.map(({ severity, field, message, fix }) => ({
    ...about,
    verdict: severity === 'block' ? 'fail' : 'warn',
    value: `${field}: ${message}`,
    fix,
  }))
}

/** What becomes of a node's question to a name server that lies in a range of the lab, and what helps. */
const LED_BACK: Readonly<Record<LabRange['of'], Pick<Finding, 'verdict' | 'fix'>>> = {
  services: {
    verdict: 'fail',
    fix: 'a node takes it for a service, and CoreDNS asks itself: write other topology.serviceSubnets, or give the host another name server',
  },
  nodes: {
    verdict: 'fail',
    fix: 'a node looks for it among the nodes, where its own DNS server asks itself: give the host another name server',
  },
  // A node looks only for blocks of pods that are taken, which are few of the range.
  pods: {
    verdict: 'warn',
    fix: 'no name is found once a node takes the block of pods with it: write other topology.podSubnets, or give the host another name server',
  },
}

/** Docker's own DNS server, which the nodes have, asks all of them from a node, and those on loopback from the host. */
function nameservers({ nameservers: all }: DoctorFacts): Finding[] {
  const about = { id: 'dns', title: 'name servers of the host' }
  if (all.length === 0)
    return [
      {
        ...about,
        verdict: 'warn',
        value: '/etc/resolv.conf names none',
        fix: 'pods resolve names of the cluster only, until it names one that answers',
      },
    ]
  const found = all.flatMap((server) => nameserver(server) ?? [])
  if (found.length === 0)
    return [{ ...about, verdict: 'ok', value: all.map(({ address }) => address).join(', ') }]
  return found.map((finding) => ({ ...about, ...finding }))
}

/** `undefined` for one on which nothing is wrong. */
function nameserver({ address, answers, within }: Nameserver): Omit<Finding, 'id' | 'title'> | undefined {
  if (within !== undefined)
    return {
      value: `${address} lies in ${within.cidr}, the range of the ${within.of}`,
      ...LED_BACK[within.of],
    }
  if (answers === false)
    return {
      verdict: 'warn',
      value: `${address} does not answer`,
      fix: 'names outside the cluster are found late or not at all: start what should listen there, or name another server in /etc/resolv.conf',
    }
  return undefined
}

function port({ freePort }: DoctorFacts): Finding {
  const about = { id: 'ports', title: 'port for the API server' }
  if (freePort) return { ...about, verdict: 'ok', value: '127.0.0.1 gives one' }
  return {
    ...about,
    verdict: 'fail',
    value: '127.0.0.1 gives none',
    fix: 'bring the loopback interface up (ip link set lo up), or end what takes all ports',
  }
}

function leftovers({ labs }: DoctorFacts, plan: LabOfPlan): Finding[] {
  const about = { id: 'labs', title: 'labs' }
  if (labs === undefined || 'trouble' in labs)
    return [{ ...about, verdict: 'unknown', value: notKnown(labs) }]
  // Of this lab it is known how many there should be.
  const expected = ({ name, all }: LabInEngine): number =>
    name === plan.name ? Math.max(all, expectedContainers(plan).length) : all
  const said = (lab: LabInEngine): string => `${lab.name}: ${lab.running} of ${expected(lab)} containers run`
  const dead = labs.value.filter((lab) => lab.running < expected(lab))
  if (dead.length === 0)
    return [
      {
        ...{ ...about, verdict: 'ok' },
        value: labs.value.length === 0 ? 'there are none' : labs.value.map(said).join('; '),
      },
    ]
  return dead.map((lab) => ({
    ...about,
    verdict: 'warn',
    value: said(lab),
    fix:
      lab.name === plan.name
        ? 'npm run deploy brings it back or makes it anew, npm run teardown removes it'
        : `it may be somebody's kind cluster or containerlab topology. Only where it was made here, in a folder with .lab/${lab.name}: npm run teardown -- --name ${lab.name} in that folder`,
  }))
}

/** Why the engine told nothing. */
const notKnown = (asked: Exclude<Asked<unknown>, { readonly value: unknown }>): string =>
  `not known: ${asked?.trouble.why ?? NO_ENGINE}`
