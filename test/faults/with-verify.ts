import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { waitUntil } from '../../lab/host/wait.js'
import { changesSince, hostListing } from '../e2e/host-listing.js'
import { command, type Ended } from '../e2e/program.js'
import type { FaultRecord } from './record.js'
import { CONTROL_PLANE, NAME, WORKER, within, type SmallLab } from './small-lab.js'

export interface Faults {
  readonly lab: () => SmallLab
  readonly record: FaultRecord
  /** Whether the long ones are done, too. */
  readonly all: boolean
  readonly nothingIsLeft: () => Promise<void>
}

/** How long the API server is away. */
const AWAY_MS = 30_000

/** The engine's own file of its process id. */
const PID_FILE = '/var/run/docker.pid'

/** What may happen to a lab that runs, or to the host beside it: it ends in a lab that verify finds right. */
export function faultsWithVerify({ lab, record, all, nothingIsLeft }: Faults): void {
  const kubectl = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await lab().run('kubectl', ...args)
    expect(code, stderr).toBe(0)
    return stdout
  }
  const docker = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await command('docker', ...args)
    expect(code, stderr).toBe(0)
  }
  const isRight = ({ code, stderr }: Ended): void => {
    expect(stderr).toMatch(/deployed and verified in|last verified .* 0 failed/)
    expect(code).toBe(0)
  }
  const verified = async (): Promise<void> => {
    const { code, stdout } = await lab().run('verify')
    expect(code, stdout).toBe(0)
  }
  /** A lab that runs and is right, whatever the fault before has left. */
  const made = async (): Promise<void> => {
    await lab().run('deploy')
    await verified()
  }
  const fault = (id: string, effect: () => Promise<string>): void => record.test(id, effect)

  fault('a second deploy, and a teardown, while it is made', async () => {
    await nothingIsLeft()
    const first = lab().begin('deploy')
    await within(first, 'nodes')
    const others = [await lab().run('deploy'), await lab().run('teardown'), await lab().run('stop')]
    for (const { code, stderr } of others) {
      expect(stderr).toContain(`held by process ${String(first.child.pid)} (deploy, since `)
      expect(code).toBe(5)
    }
    isRight(await first.ended)
    await verified()
    return 'exit code 5, the first was not disturbed'
  })

  fault('a worker that is killed, and started by deploy', async () => {
    await made()
    await docker('kill', WORKER)
    expect((await lab().run('status')).stdout).toContain(`${WORKER} is exited`)
    const { code, stderr } = await lab().run('deploy')
    expect(stderr).toContain(`${WORKER} brought back`)
    expect(code).toBe(0)
    await verified()
    return 'brought back'
  })

  fault('CoreDNS that is scaled to 0, and repaired by deploy', async () => {
    await made()
    await kubectl('-n', 'kube-system', 'scale', 'deployment', 'coredns', '--replicas=0')
    await kubectl(
      '-n',
      'kube-system',
      'wait',
      '--for=delete',
      'pod',
      '-l',
      'k8s-app=kube-dns',
      '--timeout=60s',
    )
    const status = await lab().run('status')
    expect(status.stdout).toMatch(/Deployment kube-system\/coredns\n +spec\.replicas: is 0, declared [1-9]/)
    expect(status.code).toBe(1)
    const without = await lab().run('verify')
    expect(without.stdout).toMatch(/[1-9]\d* failed/)
    expect(without.code).toBe(1)
    const repair = await lab().run('deploy')
    expect(repair.stderr).toMatch(/objects changed: .*Deployment kube-system\/coredns/)
    expect(repair.stderr).toContain('deployed and verified in')
    expect(repair.code).toBe(0)
    await verified()
    return 'status names it, verify fails without it, deploy repairs it'
  })

  if (!all) return

  fault('a stop, and a start', async () => {
    await made()
    const before = await kubectl('get', 'pods', '-A', '-o', 'name')
    const stopped = await lab().run('stop')
    expect(stopped.stderr).toMatch(/npm run start\b.* brings it back/)
    expect(
      (await command('docker', 'ps', '-q', '--filter', `label=io.x-k8s.kind.cluster=${NAME}`)).stdout,
    ).toBe('')
    isRight(await lab().run('start'))
    expect(await kubectl('get', 'pods', '-A', '-o', 'name')).toBe(before)
    await verified()
    return 'with the pods of before'
  })

  fault('a restart of the Docker engine', async () => {
    await made()
    const pid = Number(await readFile(PID_FILE, 'utf8'))
    process.kill(pid, 'SIGTERM')
    const alive = async (): Promise<string> => readFile(`/proc/${String(pid)}/comm`, 'utf8').catch(() => '')
    await waitUntil(
      async () => ((await alive()).trim() === 'dockerd' ? 'the end of the engine' : undefined),
      {
        signal: AbortSignal.timeout(120_000),
      },
    )
    isRight(await lab().run('start'))
    await verified()
    return 'the lab is back'
  })

  fault('an API server that is away for half a minute while the workloads are made', async () => {
    await nothingIsLeft()
    const deploy = lab().begin('deploy')
    await within(deploy, 'workloads')
    const manifest = '/etc/kubernetes/manifests/kube-apiserver.yaml'
    await docker('exec', CONTROL_PLANE, 'mv', manifest, '/kind/kube-apiserver.yaml')
    // The fault itself takes so long.
    await pause(AWAY_MS)
    await docker('exec', CONTROL_PLANE, 'mv', '/kind/kube-apiserver.yaml', manifest)
    isRight(await deploy.ended)
    await verified()
    return 'the deploy went on'
  })

  fault('a state folder whose disk is full', async () => {
    await nothingIsLeft()
    const before = await hostListing()
    const cwd = await mkdtemp(join(tmpdir(), 'headless-lab-faults-full-'))
    const state = join(cwd, '.lab')
    await mkdir(state)
    await command('mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', state)
    onTestFinished(async () => {
      await command('umount', state)
      await rm(cwd, { recursive: true, force: true })
    })
    const deploy = lab().begin('deploy', { cwd })
    await within(deploy, 'nodes')
    await writeFile(join(state, 'filler'), Buffer.alloc(25e6)).catch(() => undefined)
    const full = await deploy.ended
    expect(full.stderr).not.toMatch(/^\s+at /m)
    expect(full.stderr).toMatch(/no space left|is full/i)
    expect([3, 4]).toContain(full.code)
    await rm(join(state, 'filler'))
    isRight(await lab().begin('deploy', { cwd }).ended)
    expect((await lab().begin('teardown', { cwd }).ended).code).toBe(0)
    await command('umount', state)
    expect(await changesSince(before)).toEqual([])
    return `exit code ${String(full.code)}, then deployed and removed`
  })
}
