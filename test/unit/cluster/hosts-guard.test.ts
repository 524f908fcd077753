import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { guardingHosts, mendedHosts } from '../../../lab/cluster/hosts-guard.js'
import { LabState } from '../../../lab/cluster/state.js'
import { temporaryFolder } from '../host/fakes.js'

const block = '###### CLAB-lab-START ######\n172.18.0.2\tlab-db\n###### CLAB-lab-END ######\n'
const own = '127.0.0.1\tlocalhost\n10.0.0.1\thost\n'

const other = block.replaceAll('lab-', 'other-')
const like = block.replaceAll('lab-', 'lab-2-')

describe('mendedHosts', () => {
  it.each([
    ['nothing happened', own, own, own],
    ['the block came', own, own + block, own + block],
    ['it was emptied', own, '', own],
    ['it was cut in a line', own, '127.0.0.1\tloc', own],
    ['a last line without an end was dropped', `${own}10.0.0.2\tlast`, own, `${own}10.0.0.2\tlast`],
    ['it was dropped, and the block came', `${own}::1\tlast`, own + block, `${own}::1\tlast\n${block}`],
    ['the block was cut', own, own + block.slice(0, 40), own],
    ['the first line of the block was cut', own, own + block.slice(0, 16), own],
    [
      'it was cut where the block of a like name was',
      own,
      `${own}###### CLAB-lab-2`,
      `${own}###### CLAB-lab-2`,
    ],
    ['somebody added a line', own, `${own}10.0.0.3\tnew\n`, `${own}10.0.0.3\tnew\n`],
    [
      'somebody changed a line',
      own,
      '127.0.0.1\tlocalhost\n10.9.9.9\thost\n',
      '127.0.0.1\tlocalhost\n10.9.9.9\thost\n',
    ],
    ['it was emptied, and somebody added a line', own, '10.0.0.3\tnew\n', `${own}10.0.0.3\tnew\n`],
    ['it was emptied, and another lab’s block came', own, like, own + like],
    ['it was emptied, and another lab’s block came again', own + like + other, like, own + other + like],
    ['there were other labs’ blocks only, of which one went', like + other, other, other],
    ['without an end it was emptied, and a line came', 'a\tb', '10.0.0.3\tnew\n', 'a\tb\n10.0.0.3\tnew\n'],
    [
      'a last line without an end was dropped, and another lab’s block came',
      `${own}::1\tlast`,
      own + like + block,
      `${own}::1\tlast\n${like}${block}`,
    ],
    ['another lab’s block came', own, own + like, own + like],
    ['another lab’s block went', own + like, own, own],
    ['another lab’s block went, and ours came', own + like, own + block, own + block],
    ['somebody removed the last line', own, '127.0.0.1\tlocalhost\n', '127.0.0.1\tlocalhost\n'],
    ['there was nothing', '', block, block],
  ])('%s', (_, before, now, mended) => {
    expect(mendedHosts(before, now, 'lab')).toBe(mended)
  })
})

describe('guardingHosts', () => {
  async function host(text: string): Promise<{ state: LabState; file: string; now: () => Promise<string> }> {
    const folder = await temporaryFolder()
    const state = new LabState('lab', join(folder, 'lab'))
    await state.create()
    const file = join(folder, 'hosts')
    await writeFile(file, text)
    return { state, file, now: () => readFile(file, 'utf8') }
  }

  it('mends what a failed effect cut off, and keeps no copy', async () => {
    const { state, file, now } = await host(own)
    const effect = async (): Promise<void> => {
      await writeFile(file, '')
      throw new Error('killed')
    }
    await expect(guardingHosts(state, file, effect)).rejects.toThrow('killed')
    expect(await now()).toBe(own)
    expect(await readdir(state.folder)).toEqual(['logs'])
  })

  it('mends what a run that was killed left, before it begins', async () => {
    const { state, file, now } = await host('')
    await state.write('hosts.before', own)
    await guardingHosts(state, file, async () => writeFile(file, (await now()) + block))
    expect(await now()).toBe(own + block)
  })
})
