import { expect, it } from 'vitest'
import { inspectHost } from '../../../lab/host/inspect.js'
import { fakeRun, linesOf, never } from './fakes.js'

const host = (there: readonly string[], go = '') =>
  fakeRun(({ line, args }) => {
    if (line.startsWith('go env')) return go
    if (line.startsWith('docker version')) return { exitCode: 1 }
    return { exitCode: there.includes(args.at(-1) ?? '') ? 0 : 1 }
  })

it('finds what is there', async () => {
  const { run } = host(
    [...['apt-get', 'docker', 'dockerd', 'go', 'mvn', '/usr/sbin/debootstrap', 'gpgv']],
    'go1.24.4\nauto\n',
  )
  expect(await inspectHost(run, never(), import.meta.filename)).toMatchObject({
    hasApt: true,
    engine: 'stopped',
    dockerCli: true,
    go: '1.24.4',
    goToolchain: 'auto',
    debootstrap: true,
    debianKeyring: true,
    gpgv: true,
    maven: true,
  })
})

it('finds nothing, and asks nothing of what is not there', async () => {
  const { run, calls } = host([])
  expect(await inspectHost(run, never(), `${import.meta.filename}.absent`)).toMatchObject({
    hasApt: false,
    engine: 'absent',
    dockerCli: false,
    go: undefined,
    debootstrap: false,
    debianKeyring: false,
    gpgv: false,
    maven: false,
  })
  expect(linesOf(calls).some((line) => line.startsWith('go env'))).toBe(false)
  // A host that lacks nearly everything must be told what.
  expect(linesOf(calls).some((line) => line.startsWith('test '))).toBe(false)
})

it('takes a development version of Go for no version', async () => {
  const { run } = host(['go'], 'devel go1.25-abc\nlocal\n')
  expect((await inspectHost(run, never())).go).toBeUndefined()
})
