import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultSource } from '../../lab/artifacts/default-source.js'
import { workloadImages } from '../../lab/artifacts/versions.js'
import type { VerifyResult } from '../../lab/report/model.js'
import { within } from '../e2e/cluster.js'
import { combined, inOrder, type Expected } from './documents/expected.js'
import { root, start } from '../e2e/program.js'

/** The cluster of these tests; no lab has this name. */
const CLUSTER = 'headless-e2e-foreign'
const DOCUMENTS = join(import.meta.dirname, 'documents')
/** An image with the official Postgres' contract, made of the lab's: what document 002's manifest needs. */
const POSTGRES = 'headless-e2e/postgres:16'
const NAMESPACES = 'moon,database,streaming,default'

/** The YAML of the documents in their order, and the namespace of those that name none. */
const MANIFESTS = [
  ['000-nginx.yaml', 'moon'],
  ['002-headless-service.yaml'],
  ['002-postgres-statefulset.yaml'],
  ['002-kafka-headless.yaml'],
  ['002-postgres-dual-services.yaml'],
  ['003-web-api.yaml', 'default'],
  ['003-mysql.yaml', 'default'],
  ['003-mysql-statefulset.yaml', 'default'],
  ['003-grpc-backend.yaml', 'default'],
  ['003-mysql-both.yaml', 'default'],
  ['003-external-db.yaml', 'default'],
] as const

/**
 * A cluster that this project did not make: plain `kind create cluster` with the same node image, the documents'
 * YAML by kubectl, and the verifier with nothing but the kubeconfig. It needs the artifacts of a deploy.
 */
describe('a kind cluster made without this project, with the documents’ YAML', { concurrent: false }, () => {
  let folder = ''
  let kubeconfig = ''
  let kubectl: (...args: string[]) => Promise<string>

  const kind = async (...args: string[]): Promise<void> => {
    await execa(join(folder, 'kind'), args, { stdio: ['ignore', 2, 2] })
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headless-e2e-foreign-'))
    kubeconfig = join(folder, 'kubeconfig')
    const source = await defaultSource(join(root, 'images'))
    const [node, calico, kubernetes, postgres] = await Promise.all(
      ['node', 'calico', 'kubernetes', 'postgres'].map((name) => source.get(name)),
    )
    kubectl = async (...args) => {
      const { stdout } = await execa(join(kubernetes?.folder ?? '', 'kube'), args, {
        // The programs of Kubernetes are one binary that goes by the name it is called.
        argv0: 'kubectl',
        env: { KUBECONFIG: kubeconfig, KUBECACHEDIR: join(folder, 'kube-cache') },
      })
      return stdout
    }
    await Promise.all([
      installKind(folder),
      execa('docker', [
        ...['build', '-q', '--build-arg', `FROM=${postgres?.image ?? ''}`, '-t', POSTGRES],
        join(DOCUMENTS, 'postgres'),
      ]),
    ])
    // What an interrupted run left.
    await kind('delete', 'cluster', '--name', CLUSTER, '--kubeconfig', kubeconfig)
    await kind(
      ...['create', 'cluster', '--name', CLUSTER, '--kubeconfig', kubeconfig],
      ...['--image', node?.image ?? '', '--config', join(DOCUMENTS, 'kind.yaml')],
    )
    await Promise.all([
      kind('load', 'docker-image', POSTGRES, '--name', CLUSTER),
      kubectl('apply', '--server-side', '-f', join(calico?.folder ?? '', 'calico-vxlan.yaml')),
    ])
    await kubectl('wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=120s')
    await kubectl('rollout', 'status', '-n', 'kube-system', 'deployment/coredns', '--timeout=120s')
  }, 300_000)

  afterAll(async () => {
    try {
      if (existsSync(join(folder, 'kind')))
        await kind('delete', 'cluster', '--name', CLUSTER, '--kubeconfig', kubeconfig)
      await execa('docker', ['image', 'rm', POSTGRES], { reject: false })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }, 60_000)

  const apply = (file: string, namespace?: string): Promise<string> =>
    kubectl(
      ...['apply', '-f', join(DOCUMENTS, file)],
      ...(namespace === undefined ? [] : ['--namespace', namespace]),
    )

  /** Verifies with a kubeconfig and nothing else; there is no registry, so the probe's image is named too. */
  const verify = async (namespaces: string, config = kubeconfig): Promise<VerifyResult> => {
    const { code, stdout } = await start([
      ...['verify', ...probing(config), '--namespace', namespaces, '--json'],
    ]).ended
    expect(code).toBe(1)
    return JSON.parse(stdout) as VerifyResult
  }

  const settled = (seconds: number): Promise<void> => within(seconds, () => unsettled(kubectl))

  it('gets the YAML as the documents have it, and all that can becomes Ready', async () => {
    for (const name of ['moon', 'database', 'streaming']) await kubectl('create', 'namespace', name)
    // What 002 takes for granted.
    await kubectl(
      ...['create', 'secret', 'generic', 'postgres-secret', '--namespace', 'database'],
      '--from-literal=password=of-a-test',
    )
    for (const [file, namespace] of MANIFESTS) await apply(file, namespace)
    await kubectl('rollout', 'status', '-n', 'moon', 'deployment/app', '--timeout=120s')
    await kubectl('rollout', 'status', '-n', 'database', 'statefulset/postgres', '--timeout=180s')
    await settled(180)
  }, 400_000)

  it('is found to have exactly the faults of that YAML', async () => {
    const result = await verify(NAMESPACES)
    expect(findings(result)).toEqual(sorted(inOrder))
    expect(result.lab).toBe(`kind-${CLUSTER}`)
    // As many probes as nodes were made, and none was left.
    expect(
      result.checks.filter(({ id, verdict }) => id === 'cluster.probe' && verdict === 'pass'),
    ).toHaveLength(2)
    expect(await kubectl('get', 'pods', '-A', '-l', 'headless-lab.dev/probe', '-o', 'name')).toBe('')
    const answers = result.checks.find(({ id, verdict }) => id === 'services.answers' && verdict === 'fail')
    expect(answers?.hint).toMatch(/leads to port 8080 of app-.*listen on 80/)
  }, 120_000)

  it('and those of the services in their combined forms', async () => {
    await kubectl('delete', 'service', '-n', 'database', 'postgres')
    await kubectl('delete', 'service', '-n', 'default', 'mysql')
    await apply('002-postgres-dual-services.yaml')
    await apply('003-mysql-both.yaml', 'default')
    await settled(180)
    expect(findings(await verify('database,default'))).toEqual(sorted(combined))
  }, 300_000)

  it('which need no other rights than those that it prints', async () => {
    const { stdout: manifest } = await start(['verify', '--namespace', 'database,default', '--rbac']).ended
    const rbac = join(folder, 'rbac.yaml')
    await writeFile(rbac, manifest)
    await kubectl('apply', '-f', rbac)
    const token = await kubectl('create', 'token', '-n', 'database', 'headless-lab-verify')
    const limited = join(folder, 'limited')
    await copyFile(kubeconfig, limited)
    await kubectl('config', '--kubeconfig', limited, 'set-credentials', 'limited', `--token=${token}`)
    await kubectl('config', '--kubeconfig', limited, 'set-context', '--current', '--user=limited')
    await settled(180)
    expect(findings(await verify('database,default', limited))).toEqual(sorted(combined))
  }, 300_000)

  it('keeps no probe of a run that is interrupted', async () => {
    const { child, ended } = start(['verify', ...probing(kubeconfig), '--namespace', 'moon'])
    const probes = (): Promise<string> =>
      kubectl('get', 'pods', '-A', '-l', 'headless-lab.dev/probe', '-o', 'name')
    await within(60, async () => ((await probes()) === '' ? 'a probe pod' : undefined))
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
    expect(await probes()).toBe('')
  }, 120_000)
})

/** Options for a cluster whose nodes can pull nothing. */
function probing(config: string): string[] {
  return ['--kubeconfig', config, '--probe-image', workloadImages.multitool]
}

/** The command line of the kind that containerlab drives, of the same version. */
async function installKind(folder: string): Promise<void> {
  const pins = await readFile(join(root, 'images', 'containerlab', 'go.mod'), 'utf8')
  const version = /\tsigs\.k8s\.io\/kind (v\S+)/.exec(pins)?.[1]
  if (version === undefined) throw new Error('images/containerlab/go.mod pins no kind')
  await execa('go', ['install', `sigs.k8s.io/kind@${version}`], {
    cwd: folder,
    env: {
      GOBIN: folder,
      CGO_ENABLED: '0',
      GOFLAGS: '-trimpath -buildvcs=false',
      GOTOOLCHAIN: 'auto',
      GOWORK: 'off',
    },
  })
}

interface StartedPod {
  readonly metadata: { readonly name: string }
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly restartCount: number
      readonly state?: { readonly waiting?: { readonly reason?: string } }
      readonly lastState?: { readonly terminated?: { readonly finishedAt?: string } }
    }[]
  }
}

/** So long the pods that do not start have to stay down: a verify, on a slow machine. */
const QUIET_MS = 35_000

/**
 * What is missing until the pods that end at once, of Kafka and MySQL, will not be started again for a while. They
 * have no readiness probe, so that for the second that each start lasts they are Ready.
 */
async function unsettled(kubectl: (...args: string[]) => Promise<string>): Promise<string | undefined> {
  const lists = await Promise.all(
    [
      ['streaming', 'kafka'],
      ['default', 'mysql'],
    ].map(async ([namespace = '', app = '']) => {
      const { items } = JSON.parse(
        await kubectl('get', 'pods', '-n', namespace, '-l', `app=${app}`, '-o', 'json'),
      ) as { readonly items: readonly StartedPod[] }
      return items
    }),
  )
  if (lists.some((list) => list.length === 0)) return 'pods of Kafka and MySQL'
  const awake = lists.flat().filter((pod) => nextStart(pod) - Date.now() < QUIET_MS)
  return awake.length === 0 ? undefined : `quiet of ${awake.map(({ metadata }) => metadata.name).join(', ')}`
}

/** When the kubelet starts the container of a pod again: after 10 seconds, and twice as long each time. */
function nextStart({ status }: StartedPod): number {
  const [container] = status.containerStatuses ?? []
  const ended = container?.lastState?.terminated?.finishedAt
  if (container?.state?.waiting?.reason !== 'CrashLoopBackOff' || ended === undefined) return 0
  return Date.parse(ended) + Math.min(300, 10 * 2 ** container.restartCount) * 1000
}

/** What a verify found, as {@link Expected} has it. */
function findings({ checks }: VerifyResult): Expected {
  const failed = checks.filter(({ verdict }) => verdict === 'fail')
  const unclear = checks.filter(({ verdict }) => verdict === 'inconclusive')
  return sorted({
    fail: failed.map(({ id, subject }) => `${id} ${subject.namespace ?? ''}/${subject.name}`),
    inconclusive: [...new Set(unclear.map(({ id }) => id))],
  })
}

function sorted({ fail, inconclusive }: Expected): Expected {
  return { fail: fail.toSorted(), inconclusive: inconclusive.toSorted() }
}
