import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LabState } from '../../../lab/cluster/state.js'
import { cacheLogsSource, stateSource } from '../../../lab/diagnose/sources/files.js'
import type { Part } from '../../../lab/diagnose/part.js'
import { never, temporaryFolder } from '../host/fakes.js'

async function folderOf(...files: string[]): Promise<string> {
  const folder = await temporaryFolder()
  for (const file of files) {
    await mkdir(join(folder, file, '..'), { recursive: true })
    await writeFile(join(folder, file), `text of ${file}`)
  }
  return folder
}

const state = (folder: string) => stateSource({ state: new LabState('x', folder) })
const names = (parts: readonly Part[]): string[] => parts.map(({ file }) => file)

describe("of the lab's folder", () => {
  test('what tells of the lab is taken, and no kubeconfig, key or copy of the API', async () => {
    const folder = await folderOf(
      ...['kubeconfig', 'kubeconfig.123.new', 'kube-cache/discovery/x.json', 'clab-x/.tls/ca/ca.key'],
      ...['clab-x/.tls/ca/ca.json', 'clab-x/authorized_keys', 'clab-x/topology-data.json', 'journal.jsonl'],
      ...['kind.yaml', '.x.clab.yaml.bak', 'x.clab.yaml', 'last-verify.json', 'logs/containerlab.log'],
      ...['kind.yaml.99.new', 'id.pem'],
    )
    const parts = await state(folder).find(never())
    expect(names(parts)).toEqual(
      [
        ...[
          '.x.clab.yaml.bak',
          'clab-x/topology-data.json',
          'journal.jsonl',
          'kind.yaml',
          'last-verify.json',
        ],
        ...['logs/containerlab.log', 'x.clab.yaml'],
      ].map((name) => `state/${name}`),
    )
    expect(await parts[2]?.read(never())).toBe('text of journal.jsonl')
    expect(parts.find(({ file }) => file === 'state/x.clab.yaml')?.about).toContain('containerlab was given')
  })

  test('logs are cut, and JSON is not', async () => {
    const folder = await folderOf('last-verify.json', 'logs/containerlab.log')
    const text = 'a line of a file\n'.repeat(100_000)
    for (const file of ['last-verify.json', 'logs/containerlab.log'])
      await writeFile(join(folder, file), text)
    const [json, log] = await state(folder).find(never())
    expect(await json?.read(never())).toBe(text)
    expect(await log?.read(never())).toMatch(/^… the last \d+ of 1700000 bytes …\n/)
  })

  test('no link is followed', async () => {
    const folder = await folderOf('kind.yaml')
    await symlink('/etc/passwd', join(folder, 'a.yaml'))
    await symlink('/etc', join(folder, 'b'))
    expect(names(await state(folder).find(never()))).toEqual(['state/kind.yaml'])
  })

  test('it is said where there is none', async () => {
    const folder = join(await temporaryFolder(), 'none')
    await expect(state(folder).find(never())).rejects.toThrow(`there is no folder ${folder}`)
  })
})

test('of the cache the logs are taken', async () => {
  const cache = await folderOf(
    ...['logs/dockerd.log', 'logs/install.log', 'logs/kafka.log', 'logs/x.json', 'artifacts/x.log'],
  )
  const parts = await cacheLogsSource({ cache }).find(never())
  expect(parts.map(({ file, about }) => [file, about])).toEqual([
    ['host/logs/dockerd.log', 'log of the Docker engine that deploy started'],
    ['host/logs/install.log', 'what was installed on the host'],
    ['host/logs/kafka.log', 'log of building kafka'],
  ])
  expect(await parts[2]?.read(never())).toBe('text of logs/kafka.log')
})
