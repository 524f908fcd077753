import { describe, expect, test } from 'vitest'
import { connector } from '../../../lab/observe/connect.js'
import type { PodExec } from '../../../lab/observe/exec.js'

const probe = { namespace: 'default', pod: 'probe', container: 'one' }
const { signal } = new AbortController()
const open = (port: number): object => ({ host: 'a', port, outcome: 'open', ms: 10 })

/** Every connection succeeds; one exec is one list of the ports that it tried. */
function fake(): { exec: PodExec; execs: [pod: string, ports: number[]][] } {
  const execs: [string, number[]][] = []
  const exec: PodExec = ({ pod }, command) => {
    const ports = command.slice(4).filter((_, i) => i % 3 === 1)
    execs.push([pod, ports.map(Number)])
    const lines = ports.map((_, i) => `@@ ${String(i)} 10 0 `)
    return Promise.resolve({ exitCode: 0, stdout: lines.reverse().join('\n'), stderr: '' })
  }
  return { exec, execs }
}

describe('connections from pods', () => {
  test('that are asked for at once go there together, and each gets its own', async () => {
    const { exec, execs } = fake()
    const connect = connector(exec)
    const [one, two, other] = await Promise.all([
      connect(probe, [{ host: 'a', port: 1 }], signal),
      Promise.resolve().then(() =>
        connect(
          probe,
          [2, 3].map((port) => ({ host: 'a', port })),
          signal,
        ),
      ),
      connect({ ...probe, pod: 'other' }, [{ host: 'a', port: 4 }], signal),
    ])
    expect(execs).toEqual([
      ['probe', [1, 2, 3]],
      ['other', [4]],
    ])
    expect([one, two, other]).toEqual([[open(1)], [open(2), open(3)], [open(4)]])
  })

  test('that are asked for later go there by themselves', async () => {
    const { exec, execs } = fake()
    const connect = connector(exec)
    await connect(probe, [{ host: 'a', port: 1 }], signal)
    expect(await connect(probe, [{ host: 'a', port: 2 }], signal)).toEqual([open(2)])
    expect(execs).toHaveLength(2)
  })

  test('that are very many go there in several', async () => {
    const { exec, execs } = fake()
    const connect = connector(exec)
    const many = Array.from({ length: 100 }, (_, i) => ({ host: 'a', port: i + 1 }))
    const [one, two] = await Promise.all([connect(probe, many, signal), connect(probe, many, signal)])
    expect(execs.map(([, ports]) => ports.length)).toEqual([100, 100])
    expect([one.length, two.length]).toEqual([100, 100])
  })

  test('that are none need no exec', async () => {
    const { exec, execs } = fake()
    expect(await connector(exec)(probe, [], signal)).toEqual([])
    expect(execs).toEqual([])
  })

  test('from a pod that is gone fail for all that asked', async () => {
    const connect = connector(() => Promise.reject(new Error('no such pod')))
    const asked = [1, 2].map((port) => connect(probe, [{ host: 'a', port }], signal))
    for (const { status } of await Promise.allSettled(asked)) expect(status).toBe('rejected')
  })

  test('of which one tool said nonsense fail for who asked for that one only', async () => {
    const connect = connector(() =>
      Promise.resolve({ exitCode: 0, stdout: '@@ 0 10 0 \n@@ 1 10 2 nc: invalid option\n', stderr: '' }),
    )
    const [fine, wrong] = await Promise.allSettled([
      connect(probe, [{ host: 'a', port: 1 }], signal),
      connect(probe, [{ host: 'a', port: 2 }], signal),
    ])
    expect([fine.status, wrong.status]).toEqual(['fulfilled', 'rejected'])
  })
})
