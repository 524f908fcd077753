import { mkdir, writeFile } from 'node:fs/promises'
import { release } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { kernelHasIpvs } from '../../lab/pipeline/steps/ipvs.js'
import { temporaryFolder } from '../unit/host/fakes.js'

const modules = `lib/modules/${release()}`

it.each([
  ['no file at all', {}, false],
  ['other modules', { 'proc/modules': 'xt_ipvs 1 0\nip_vs_rr 1 0\n' }, false],
  ['other built-in modules', { [`${modules}/modules.builtin`]: 'kernel/net/ip_vs_rr.ko\n' }, false],
  ['its table', { 'proc/net/ip_vs': 'IP Virtual Server\n' }, true],
  ['loaded', { 'proc/modules': 'overlay 1 0\nip_vs 1 0 - Live 0x0\n' }, true],
  ['built in', { [`${modules}/modules.builtin`]: 'kernel/net/netfilter/ipvs/ip_vs.ko\n' }, true],
  ['loadable', { [`${modules}/modules.dep`]: 'kernel/net/netfilter/ipvs/ip_vs.ko.zst: a.ko\n' }, true],
])('%s', async (_, files: Record<string, string>, has) => {
  const root = await temporaryFolder()
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), text)
  }
  expect(await kernelHasIpvs(root)).toBe(has)
})
