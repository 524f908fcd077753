import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { runAttached, runTool } from '../../../lab/commands/tools.js'
import { waitUntil } from '../../../lab/host/wait.js'
import { never, temporaryFolder } from '../host/fakes.js'

const world = vi.hoisted(() => ({ folder: '' }))
vi.mock('../../../lab/artifacts/default-source.js', () => ({
  defaultSource: () => Promise.resolve({ get: () => Promise.resolve({ folder: world.folder }) }),
}))
vi.mock('../../../lab/commands/context.js', () => ({
  openLab: () => {
    const file = (name: string): string => `/state/${name}`
    return Promise.resolve({ state: { folder: '/state', file, kubeconfig: () => file('kubeconfig') } })
  },
  mustBeThere: () => Promise.resolve(),
}))
beforeEach(async () => {
  world.folder = await temporaryFolder()
})

it('keeps what kubectl writes in the state of the lab', async () => {
  const kube = join(world.folder, 'kube')
  await writeFile(kube, '#!/bin/sh\necho "$KUBECONFIG $KUBECACHEDIR" > "$1"\nexit 3\n')
  await chmod(kube, 0o755)
  expect(await runTool('kubectl', [join(world.folder, 'out')], {})).toBe(3)
  expect(await readFile(join(world.folder, 'out'), 'utf8')).toBe('/state/kubeconfig /state/kube-cache\n')
})

describe('runAttached', () => {
  const sh = (script: string) =>
    runAttached('/bin/sh', ['-c', script, 'sh', join(world.folder, 'ready')], {
      argv0: 'sh',
      env: process.env,
    })

  it.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('passes on %s', async (name) => {
    const tty = process.stdin.isTTY
    process.stdin.isTTY = false
    const before = process.listenerCount(name)
    try {
      const script = `trap "exit 7" ${name.slice(3)}; touch "$1"; while :; do sleep 0.05; done`
      const code = sh(script)
      await waitUntil(
        () =>
          readFile(join(world.folder, 'ready')).then(
            () => undefined,
            () => 'its start',
          ),
        { signal: never(), everyMs: 10 },
      )
      // The listeners, not the signal: that would also reach whoever runs the tests.
      process.listeners(name).at(-1)?.(name)
      expect(await code).toBe(7)
    } finally {
      process.stdin.isTTY = tty
    }
    expect(process.listenerCount(name)).toBe(before)
  })

  it.each([
    ['TERM', 143],
    ['HUP', 129],
    ['KILL', 137],
  ])('gives the exit code of a program that SIG%s ended', async (name, code) => {
    expect(await sh(`kill -${name} $$`)).toBe(code)
  })
})
