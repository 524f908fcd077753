import { access, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KubeConfig, type KubernetesObject } from '@kubernetes/client-node'
import { parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nameOf, ObjectApi } from '../../lab/cluster/object-api.js'
import type { Finding } from '../../lab/doctor/finding.js'
import type { VerifyResult } from '../../lab/report/model.js'
import { inPod, kubectl, notReady, restarted, secret } from './cluster.js'
import { Decoys } from './decoys.js'
import { diagnoseTests } from './diagnose.js'
import { dryRunTests } from './dry-run.js'
import { exampleTests } from './example.js'
import { changesSince, hostListing } from './host-listing.js'
import { kafkaTests } from './kafka.js'
import { optionTests } from './options.js'
import { postgresTests } from './postgres.js'
import { scenarioTests } from './scenarios.js'
import { SECOND, secondLabTests } from './second-lab.js'
import { workloadTests } from './workloads.js'
import { countsOf, seedCommands, unlike } from './seed-commands.js'
import { command, lab, LAB, root } from './program.js'

/**
 * The real thing, in order: containerlab, kind, Kubernetes, Calico and the workloads on this machine's engine.
 * Each test goes on from where the one before it left the lab.
 */
const state = join(root, '.lab', LAB)

/**
 * The packs that the faults are about: what another workload is just doing is no part of it. Without PTR, since
 * CoreDNS keeps what it knows of the reverse zones for half a minute: that the old is seen, or the new, says nothing.
 */
const CONCERNED = [
  '--only',
  'services.*,endpointslices.*,dns.*,kube-proxy.*,statefulsets.*,workloads.*',
  ...['--skip', 'dns.ptr.*'],
]

/** The checks that must fail for each fault, and no others. */
const expected = {
  redisScaledDown: [
    'dns.pod.a',
    'redis.ping',
    'redis.replication.master',
    'redis.write-ack',
    'statefulsets.replicas',
    'workloads.ready',
  ],
  headlessDeleted: [
    'dns.deployment.dashed-ip',
    'dns.headless.a-set',
    'dns.headless.srv',
    'endpointslices.addresses',
    'services.exists',
  ],
  selectorChanged: [
    'endpointslices.addresses',
    'kube-proxy.clusterip-rule',
    'kube-proxy.every-backend',
    'services.endpoints',
    'services.selector',
  ],
}

/** Rows of docs/seed-commands.md. */
const documents = {
  '000': { commands: 5, claims: 6 },
  '001': { commands: 32, claims: 10 },
  '002': { commands: 11, claims: 9 },
  '003': { commands: 5, claims: 12 },
}

/** Ids of the checks with this verdict, each once. */
const idsOf = ({ checks }: VerifyResult, verdict: string): string[] =>
  [...new Set(checks.filter((check) => check.verdict === verdict).map(({ id }) => id))].toSorted()

async function verifyJson(...options: string[]): Promise<{ code: number | null; result: VerifyResult }> {
  const { code, stdout } = await lab('verify', '--json', ...options)
  return { code, result: JSON.parse(stdout) as VerifyResult }
}

/** What doctor measured, by the ids of its findings, and its exit code. */
async function doctorJson(): Promise<{ code: number | null; of: (id: string) => Finding[] }> {
  const { code, stdout } = await lab('doctor', '--json')
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] }
  return { code, of: (id) => findings.filter((finding) => finding.id === id) }
}

describe('a real lab', { concurrent: false }, () => {
  let before: string[] = []
  const decoys = new Decoys(LAB)

  beforeAll(async () => {
    await decoys.remove()
    // What an interrupted run of these tests left; on a machine with an engine that was never used, nothing.
    const { code } = await lab('teardown')
    expect(code).toBe(0)
  })

  afterAll(async () => {
    await lab('teardown')
    await decoys.remove()
  })

  it('is deployed and verified from nothing', async () => {
    // The engine may be installed by this very run: then there is nothing to list before.
    before = await hostListing()
    // No --yes: where something has to be installed, CI=true is the consent, or there is none.
    const { code, stdout, stderr } = await lab('deploy')
    expect(stderr).toContain(`lab ${LAB} deployed and verified in`)
    expect(stdout).toMatch(/\d+ passed/)
    expect(code).toBe(0)
    // Only now there is an engine for sure.
    await decoys.make()
  })

  it('passes every check, as one JSON object on stdout', async () => {
    const { code, result } = await verifyJson()
    expect(idsOf(result, 'fail')).toEqual([])
    expect(idsOf(result, 'inconclusive')).toEqual([])
    expect(result).toMatchObject({ schema: 'headless-lab/verify/v1', lab: LAB })
    expect(new Set(result.checks.map(({ id }) => id)).size).toBeGreaterThanOrEqual(45)
    expect(result.summary.pass).toBeGreaterThan(700)
    expect(code).toBe(0)
  })

  it('has started no container twice', async () => {
    expect(await restarted()).toEqual([])
  })

  it('keeps its admin kubeconfig to its owner and its API server on loopback', async () => {
    expect((await stat(join(state, 'kubeconfig'))).mode & 0o777).toBe(0o600)
    const config = new KubeConfig()
    config.loadFromFile(join(state, 'kubeconfig'))
    expect(config.getCurrentCluster()?.server).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
  })

  it('accepts every object of the chart in a server-side dry run, and would change none', async () => {
    const { stdout } = await lab('synth', '--stdout')
    const objects = parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject)
    const config = new KubeConfig()
    config.loadFromFile(join(state, 'kubeconfig'))
    const api = new ObjectApi(config)
    expect(objects.length).toBeGreaterThan(5)
    const differ: string[] = []
    for (const object of objects) if ((await api.drift(object))?.length !== 0) differ.push(nameOf(object))
    // Where the external database is, is known only once its container runs: what is synthesised cannot say it.
    expect(differ).toEqual(['EndpointSlice default/external-db-ipv4-1'])
  })

  it('runs calicoctl with the kubeconfig of the lab', async () => {
    const { code, stdout } = await lab('calicoctl', 'get', 'ippools', '-o', 'wide')
    expect(stdout).toContain('192.168.0.0/16')
    expect(code).toBe(0)
  })

  it('runs on a host of which doctor tells what it measured, and that it does not have to mend', async () => {
    const { stdout } = await command('docker', 'info', '--format', '{{.ServerVersion}}\t{{.Driver}}')
    const [version, driver] = stdout.trim().split('\t')
    const { code, of } = await doctorJson()
    expect(of('engine')).toEqual([expect.objectContaining({ verdict: 'ok', value: `version ${version}` })])
    expect(of('storage-driver')).toEqual([expect.objectContaining({ value: driver })])
    expect(of('privileged')).toEqual([expect.objectContaining({ verdict: 'ok' })])
    // Where there are labs that do not run it speaks of those: a decoy is one of them, this lab is none.
    const labs = of('labs').map(({ value }) => value)
    expect(labs).toContain('headless: 0 of 1 containers run')
    expect(labs.filter((value) => value.startsWith(`${LAB}: `))).toEqual([])
    expect(code).toBe(0)
    expect((await lab('doctor', '--fix')).code).toBe(0)
    expect(await decoys.changes()).toEqual([])
  })

  it('answers the documents’ commands as docs/seed-commands.md says', async () => {
    const rows = await seedCommands()
    // A row that is gone, or that is not read as one, would be no failure else.
    expect(countsOf(rows)).toEqual(documents)
    const wrong: string[] = []
    for (const row of rows) {
      const seen = await unlike(row)
      if (seen !== undefined) wrong.push(seen)
    }
    expect(wrong).toEqual([])
  })

  diagnoseTests()
  workloadTests()
  dryRunTests()
  exampleTests()
  optionTests()

  it('is left as it is by a second deploy, which says so and does not verify again', async () => {
    const password = await secret('database', 'postgres-secret', 'password')
    const { code, stdout, stderr } = await lab('deploy')
    expect(await secret('database', 'postgres-secret', 'password')).toBe(password)
    expect(stderr).toContain('nothing changed')
    expect(stderr).toMatch(/last verified \d+ (s|min) ago: \d+ passed, 0 failed/)
    expect(stdout).toBe('')
    expect(code).toBe(0)
  })

  describe('with something broken on purpose', () => {
    it('fails where Redis is scaled down to 2', async () => {
      await kubectl('scale', 'statefulset', 'redis', '--replicas=2')
      await kubectl('wait', '--for=delete', 'pod/redis-2', '--timeout=60s')
      const { code, result } = await verifyJson(...CONCERNED, '--only', 'redis.*')
      expect(idsOf(result, 'fail')).toEqual(expected.redisScaledDown)
      expect(code).toBe(1)
    })

    it('fails where nginx-headless is deleted', async () => {
      await kubectl('scale', 'statefulset', 'redis', '--replicas=3')
      await kubectl('rollout', 'status', 'statefulset', 'redis', '--timeout=120s')
      await kubectl('delete', 'service', 'nginx-headless')
      const { code, result } = await verifyJson(...CONCERNED)
      expect(idsOf(result, 'fail')).toEqual(expected.headlessDeleted)
      expect(code).toBe(1)
    })

    it('is repaired by deploy, which verifies again', async () => {
      const { code, stdout, stderr } = await lab('deploy')
      expect(stderr).toMatch(/workloads: [12] of \d+ objects changed/)
      expect(stdout).toMatch(/\d+ passed/)
      expect(code).toBe(0)
    })

    it('fails where the selector of nginx-clusterip is another', async () => {
      await kubectl(
        'patch',
        'service',
        'nginx-clusterip',
        '--type=merge',
        '-p',
        '{"spec":{"selector":{"app":"ngnix"}}}',
      )
      const { code, result } = await verifyJson(...CONCERNED)
      const status = await lab('status')
      // What comes after this needs a lab that is whole, whatever was seen.
      const { code: repaired, stderr } = await lab('deploy')
      expect(status.stdout).toContain(
        '  Service default/nginx-clusterip\n    spec.selector.app: is "ngnix", declared "nginx"\n',
      )
      expect(status.code).toBe(1)
      expect(stderr).toMatch(/workloads: 1 of \d+ objects changed: Service default\/nginx-clusterip/)
      expect(idsOf(result, 'fail')).toEqual(expected.selectorChanged)
      expect(code).toBe(1)
      expect(repaired).toBe(0)
    })
  })

  scenarioTests()
  kafkaTests()
  postgresTests()

  it('passes every check again after all that', async () => {
    const { code, result } = await verifyJson()
    expect(idsOf(result, 'fail')).toEqual([])
    expect(code).toBe(0)
  })

  it('is brought back from its dead containers, as a crash of the engine leaves them, with what they hold', async () => {
    const password = await secret('database', 'postgres-secret', 'password')
    await inPod('default', 'redis-0', 'redis-cli SET kept yes')
    await inPod('default', 'redis-0', 'redis-cli SAVE')
    await command('docker', 'kill', ...(await ownContainers()))
    expect((await lab('status')).stdout).toContain('stopped')
    const counted = (await doctorJson()).of('labs').map(({ verdict, value }) => `${verdict} ${value}`)
    expect(counted).toContainEqual(
      expect.stringMatching(new RegExp(`^warn ${LAB}: [01] of 4 containers run$`)),
    )
    // The nodes are dead, the external database may run; what runs beside them is nobody's to stop.
    const stopped = await lab('stop')
    expect(stopped.stderr).toMatch(/ stopped /)
    expect(stopped.code).toBe(0)
    const { code, stderr } = await lab('start')
    expect(stderr).toContain(`${LAB}-control-plane, `)
    expect(stderr).toContain('brought back')
    expect(stderr).toContain(`lab ${LAB} deployed and verified in`)
    expect(code).toBe(0)
    expect(await notReady()).toBeUndefined()
    expect(await secret('database', 'postgres-secret', 'password')).toBe(password)
    expect(await inPod('default', 'redis-0', 'redis-cli GET kept')).toBe('yes')
    expect(await decoys.changes()).toEqual([])
  })

  secondLabTests(() => {
    it('is no trouble for the first', async () => {
      const { code, result } = await verifyJson()
      expect(idsOf(result, 'fail')).toEqual([])
      expect(code).toBe(0)
    })

    it('stays when the first is removed by teardown', async () => {
      const { code, stderr } = await lab('teardown')
      expect(stderr).toContain(`container ${LAB}-control-plane`)
      // A network that was there before is nobody's of ours, and not spoken of.
      if (!before.includes('network kind')) {
        expect(stderr).toMatch(new RegExp(`network kind stays: .*${SECOND}-control-plane.* use it`))
      }
      expect(code).toBe(0)
      await expect(access(state)).rejects.toThrow()
    })
  })

  it('says exit code 2 when there is no lab to verify, to stop or to start', async () => {
    for (const name of ['verify', 'stop', 'start']) {
      const { code, stderr } = await lab(name)
      expect(stderr).toContain(`there is no lab ${LAB}`)
      expect(code).toBe(2)
    }
  })

  it('has left nothing on the host, and what looks like it untouched', async () => {
    expect(await decoys.changes()).toEqual([])
    await decoys.remove()
    expect(await changesSince(before)).toEqual([])
  })
})

async function ownContainers(): Promise<string[]> {
  const label = `label=io.x-k8s.kind.cluster=${LAB}`
  const { stdout } = await command('docker', 'ps', '-q', '--filter', label)
  return stdout.split('\n').filter((line) => line !== '')
}
