import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { answers, lookAtNameservers, rangesOf, readNameservers } from '../../../lab/doctor/nameservers.js'
import { never, rejectionOf, temporaryFolder } from '../host/fakes.js'

describe('the name servers of a host', () => {
  const read = async (files: Record<string, string>): Promise<string[]> => {
    const root = await temporaryFolder()
    for (const [file, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, file)), { recursive: true })
      await writeFile(join(root, file), content)
    }
    return readNameservers(root)
  }
  const behind = { 'run/systemd/resolve/resolv.conf': 'nameserver 10.0.0.1\nnameserver fd00::1\n' }

  test.each<[string, Record<string, string>, string[]]>([
    ['none, where no file names any', {}, []],
    [
      'those of resolv.conf',
      {
        'etc/resolv.conf': '# nameserver 192.0.2.9\nnameserver 192.0.2.1\nsearch a\n nameserver 192.0.2.2\n',
      },
      ['192.0.2.1', '192.0.2.2'],
    ],
    [
      'those behind the stub of systemd-resolved, which the engine asks',
      { 'etc/resolv.conf': 'nameserver 127.0.0.53\n', ...behind },
      ['10.0.0.1', 'fd00::1'],
    ],
    [
      'the stub itself, where nothing tells what is behind it',
      { 'etc/resolv.conf': 'nameserver 127.0.0.53\n' },
      ['127.0.0.53'],
    ],
    [
      'the stub and another, where resolv.conf names both',
      { 'etc/resolv.conf': 'nameserver 127.0.0.53\nnameserver 192.0.2.1\n', ...behind },
      ['127.0.0.53', '192.0.2.1'],
    ],
  ])('are %s', async (_, files, expected) => {
    expect(await read(files)).toEqual(expected)
  })
})

describe('a name server', () => {
  const ranges = rangesOf(
    {
      serviceSubnets: ['10.96.0.0/16', 'fd00:10:96::/112'],
      podSubnets: ['192.168.0.0/16', 'fd00:10:244::/56'],
    },
    ['172.18.0.0/16', 'no range'],
  )

  test.each([
    ['10.96.0.10', { of: 'services', cidr: '10.96.0.0/16' }],
    ['10.97.0.10', undefined],
    ['172.18.0.1', { of: 'nodes', cidr: '172.18.0.0/16' }],
    ['192.168.1.1', { of: 'pods', cidr: '192.168.0.0/16' }],
    ['fd00:10:96::a', { of: 'services', cidr: 'fd00:10:96::/112' }],
    ['fd00:10:244:1::1', { of: 'pods', cidr: 'fd00:10:244::/56' }],
    ['fe80::1%eth0', undefined],
    ['192.0.2.53', undefined],
  ])('%s is looked for among the ranges of the lab, and not asked', async (address, within) => {
    expect(await lookAtNameservers([address], ranges, never())).toEqual([
      { address, answers: undefined, within },
    ])
  })

  test.each(['127.not.an.address', '127.0.0.1.1'])('%s on loopback is asked', async (address) => {
    expect(await lookAtNameservers([address], ranges, never())).toEqual([
      { address, answers: false, within: undefined },
    ])
  })
})

describe('a server', () => {
  /** Listens on a port of loopback, and says what `reply` makes of a question. */
  async function server(reply: (question: Buffer) => Buffer | undefined): Promise<string> {
    const socket = createSocket('udp4')
    onTestFinished(() => void socket.close())
    socket.on('message', (question, { port, address }) => {
      const words = reply(question)
      if (words !== undefined) socket.send(words, port, address)
    })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return `127.0.0.1:${socket.address().port}`
  }

  /** A response with this code (RFC 1035, 4.1.1) and no record. */
  const saying = (code: number) => (question: Buffer) => {
    const response = Buffer.from(question)
    response[2] = (response[2] ?? 0) | 0x80
    response[3] = code
    return response
  }

  test.each([
    ['nothing of the name', 0],
    ['that it cannot find out', 2],
    ['that there is no such name', 3],
    ['that it will not', 5],
  ])('answers that says %s', async (_, code) => {
    expect(await answers(await server(saying(code)), never())).toBe(true)
  })

  test('does not where it is silent, or where nobody listens', async () => {
    expect(await answers(await server(() => undefined), never(), 50)).toBe(false)
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    await new Promise<void>((closed) => socket.close(closed))
    expect(await answers(`127.0.0.1:${port}`, never())).toBe(false)
  })

  test('is not waited for once the program is to end', async () => {
    const ending = new AbortController()
    const silent = await server(() => {
      ending.abort(new Error('interrupted'))
      return undefined
    })
    expect(await rejectionOf(answers(silent, ending.signal))).toMatchObject({ message: 'interrupted' })
  })
})
