import { chmod, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  hostEntries,
  leftHostEntries,
  refreshHostEntries,
  removeHostEntries,
  withAddresses,
  withoutHostsBlock,
  type HostEntries,
} from '../../../lab/cluster/host-entries.js'
import { temporaryFolder } from '../host/fakes.js'

const block = (lab: string): string =>
  `###### CLAB-${lab}-START ######\n172.18.0.2\t${lab}-control-plane\n###### CLAB-${lab}-END ######\n`
const own = '127.0.0.1\tlocalhost\n\n# mine\n10.0.0.1\thost\n'

describe('withoutHostsBlock', () => {
  it.each([
    ['at the end', own + block('lab'), own],
    ['in the middle', own + block('lab') + '10.0.0.2\tafter\n', `${own}10.0.0.2\tafter\n`],
    ['alone', block('lab'), ''],
  ])('takes out the block %s', (_, text, expected) => {
    expect(withoutHostsBlock(text, 'lab')).toBe(expected)
  })

  it.each(['lab-2', 'a-lab', 'la', 'labb', 'l.b'])('leaves the block of the lab %s', (other) => {
    const text = own + block(other)
    expect(withoutHostsBlock(text, 'lab')).toBe(text)
    expect(withoutHostsBlock(block('lab') + text, 'lab')).toBe(text)
  })

  it.each([
    ['without an end', `${own}###### CLAB-lab-START ######\n10.0.0.1\tx\n`],
    ['without a beginning', `${own}###### CLAB-lab-END ######\n`],
    ['with the end first', `###### CLAB-lab-END ######\n${own}###### CLAB-lab-START ######\n`],
    ['that is not there', own],
  ])('leaves a block %s', (_, text) => {
    expect(withoutHostsBlock(text, 'lab')).toBe(text)
  })
})

describe('the files of a host', () => {
  async function host(hosts: string, ssh: readonly string[] = []): Promise<HostEntries> {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'hosts'), hosts)
    for (const lab of ssh) await writeFile(join(folder, `clab-${lab}.conf`), 'Host x\n')
    return {
      hostsFile: join(folder, 'hosts'),
      sshFile: join(folder, 'clab-lab.conf'),
      netnsLinks: ['lab-db', 'lab-own'].map((name) => join(folder, name)),
    }
  }

  it('lose links to the namespaces of the lab’s containers, and no others', async () => {
    const entries = await host(own)
    const [link = '', mine = ''] = entries.netnsLinks
    await symlink('/proc/4194305/ns/net', link)
    await symlink('/proc/4194305/ns/net', `${link}-2`)
    // As `ip netns add` makes it: no link.
    await writeFile(mine, '')
    expect(await leftHostEntries('lab', entries)).toEqual([link])
    expect(await removeHostEntries('lab', entries)).toEqual([link])
    expect((await readdir(join(link, '..'))).toSorted()).toEqual(['hosts', 'lab-db-2', 'lab-own'])
  })

  it('lose the entries of this lab only, and say what was removed', async () => {
    const entries = await host(own + block('lab') + block('lab-2'), ['lab', 'lab-2'])
    expect(await leftHostEntries('lab', entries)).toEqual([entries.hostsFile, entries.sshFile])
    expect(await removeHostEntries('lab', entries)).toEqual([
      `lines of ${entries.hostsFile}`,
      entries.sshFile,
    ])
    expect(await readFile(entries.hostsFile, 'utf8')).toBe(own + block('lab-2'))
    expect((await readdir(join(entries.hostsFile, '..'))).toSorted()).toEqual(['clab-lab-2.conf', 'hosts'])
    expect(await leftHostEntries('lab', entries)).toEqual([])
  })

  it('are not written where there is nothing of it', async () => {
    const entries = await host(own)
    const before = await stat(entries.hostsFile)
    expect(await removeHostEntries('lab', entries)).toEqual([])
    const after = await stat(entries.hostsFile)
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs])
  })

  it('keep their permissions', async () => {
    const entries = await host(block('lab'))
    await chmod(entries.hostsFile, 0o604)
    await removeHostEntries('lab', entries)
    expect((await stat(entries.hostsFile)).mode & 0o777).toBe(0o604)
  })

  it('are named after the lab', () => {
    const { sshFile, netnsLinks } = hostEntries('lab', ['lab-db'])
    expect(sshFile).toMatch(/\/clab-lab\.conf$/)
    expect(netnsLinks).toEqual(['/run/netns/lab-db'])
  })
})

describe('addresses that have changed', () => {
  const both = (lab: string, v4: string, v6: string): string =>
    `###### CLAB-${lab}-START ######\n${v4}\t${lab}-db\t# Kind: linux\n${v6}\t${lab}-db\n###### CLAB-${lab}-END ######\n`

  it.each([
    ['of both families', ['172.18.0.9', 'fc00::9'], both('lab', '172.18.0.9', 'fc00::9')],
    ['of one', ['172.18.0.9'], both('lab', '172.18.0.9', 'fc00::2')],
    ['of a container that does not run', [], both('lab', '172.18.0.2', 'fc00::2')],
  ])('are written into the lab’s own block: %s', (_, now, expected) => {
    const text = own + both('lab-2', '172.18.0.2', 'fc00::2')
    const addresses = new Map([
      ['lab-db', now],
      ['lab-2-db', ['172.18.0.77']],
    ])
    expect(withAddresses(text + both('lab', '172.18.0.2', 'fc00::2'), 'lab', addresses)).toBe(text + expected)
    expect(withAddresses(text, 'lab', addresses)).toBe(text)
  })

  it('are refreshed on the host, and the links to network namespaces with them', async () => {
    const folder = await temporaryFolder()
    const entries = {
      hostsFile: join(folder, 'hosts'),
      sshFile: join(folder, 'ssh'),
      netnsLinks: ['lab-db', 'lab-cache', 'lab-own'].map((name) => join(folder, name)),
    }
    await writeFile(entries.hostsFile, own + both('lab', '172.18.0.2', 'fc00::2'))
    await symlink('/proc/4000001/ns/net', join(folder, 'lab-db'))
    // Somebody's own, under a name of ours.
    await symlink('/run/netns/elsewhere', join(folder, 'lab-own'))
    await refreshHostEntries('lab', entries, {
      addresses: (name) => Promise.resolve(name === 'lab-db' ? ['172.18.0.9', 'fc00::9'] : []),
      pid: () => Promise.resolve(4000002),
    })
    expect(await readFile(entries.hostsFile, 'utf8')).toBe(own + both('lab', '172.18.0.9', 'fc00::9'))
    expect(await readlink(join(folder, 'lab-db'))).toBe('/proc/4000002/ns/net')
    expect(await readlink(join(folder, 'lab-own'))).toBe('/run/netns/elsewhere')
    expect((await readdir(folder)).toSorted()).toEqual(['hosts', 'lab-db', 'lab-own'])
  })
})
