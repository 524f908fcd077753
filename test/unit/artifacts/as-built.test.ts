import { appendFile, chmod, mkdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { programMustBeAsBuilt } from '../../../lab/artifacts/as-built.js'
import { readRecord } from '../../../lab/artifacts/record.js'
import { SourceBuild } from '../../../lab/artifacts/source-build.js'
import { Containerlab } from '../../../lab/cluster/containerlab.js'
import { LabState } from '../../../lab/cluster/state.js'
import { fakeRun, labErrorOf, never, temporaryFolder } from '../host/fakes.js'
import { recipe } from './recipes.js'

/** A built artifact `tools` of two files, and an image `app` that is not built yet and takes them. */
async function built() {
  const cache = await temporaryFolder()
  const { run, calls } = fakeRun(async ({ line, args }) => {
    if (line.startsWith('make')) {
      await mkdir(join(args[1] ?? '', 'bin'))
      await writeFile(join(args[1] ?? '', 'bin', 'tool'), 'the tool')
      await writeFile(join(args[1] ?? '', 'list.yaml'), 'a: 1\n')
    }
    return ''
  })
  const recipes = [
    recipe('tools', { steps: [{ run: ['make', 'tools', '{out}'] }] }),
    recipe('app', { dependsOn: ['tools'], steps: [{ run: ['copy', '{artifact:tools}', '{out}'] }] }),
  ]
  const source = (): SourceBuild => new SourceBuild({ recipes, images: cache, cache, mirror: undefined, run })
  const build = async (name: string): Promise<void> => {
    for (const one of (await source().survey([name])).pending)
      await one.provide({ signal: never(), onProgress: () => undefined })
  }
  await build('tools')
  const { folder } = await source().get('tools')
  return { source, build, calls, folder, tool: join(folder, 'bin', 'tool') }
}

describe('an artifact in the cache', () => {
  it('has the checksums of its files in its record', async () => {
    const { folder } = await built()
    const { files } = (await readRecord(folder)) ?? {}
    expect(Object.keys(files ?? {})).toEqual(['bin/tool', 'list.yaml'])
    expect(files?.['bin/tool']?.sha256).toBe(
      // printf 'the tool' | sha256sum
      '6866d28d44ec66b4dc63a7183b503b39881d59d928c53edff3c5096853a659e4',
    )
  })

  it.each<[string, (tool: string, folder: string) => Promise<void>, string]>([
    ['a byte more', (tool) => appendFile(tool, '!'), 'bin/tool'],
    ['other bytes, of the same length and time', rewriteAtTheSameTime, 'bin/tool'],
    ['a file that is gone', (tool) => rm(tool), 'bin/tool'],
    ['a link to the same bytes elsewhere', linkElsewhere, 'bin/tool'],
    ['a file more', (_, folder) => writeFile(join(folder, 'bin', 'more'), ''), 'bin/more'],
  ])('is refused with %s', async (_, change, named) => {
    const { source, tool, folder } = await built()
    await change(tool, folder)
    const error = await labErrorOf(source().get('tools'))
    expect(error).toMatchObject({
      code: 'artifact.changed',
      exitCode: 3,
      message: `tools in the cache is not what was built: ${named} changed`,
    })
    expect(error.hint).toContain(`remove ${folder}`)
  })

  it('is not what others are made of either', async () => {
    const { build, tool, calls } = await built()
    await appendFile(tool, '!')
    expect((await labErrorOf(build('app'))).code).toBe('artifact.changed')
    expect(calls.filter(({ line }) => line.startsWith('copy'))).toEqual([])
  })

  it('is taken when it was only touched: its bytes are those that were built', async () => {
    const { source, tool } = await built()
    await chmod(tool, 0o700)
    await expect(source().get('tools')).resolves.toMatchObject({ name: 'tools' })
  })

  it('is taken as it is when an earlier version of the program wrote no checksums', async () => {
    const { source, folder, tool } = await built()
    const record = { ...(await readRecord(folder)), files: undefined }
    await writeFile(join(folder, 'artifact.json'), JSON.stringify(record))
    await appendFile(tool, '!')
    await expect(source().get('tools')).resolves.toMatchObject({ name: 'tools' })
  })
})

describe('a program of the cache', () => {
  it('is refused before it is run', async () => {
    const { folder } = await built()
    const file = join(folder, 'list.yaml')
    await expect(programMustBeAsBuilt(file)).resolves.toBeUndefined()
    await appendFile(file, '!')
    expect((await labErrorOf(programMustBeAsBuilt(file))).code).toBe('artifact.changed')

    const { run, calls } = fakeRun(() => '')
    const clab = new Containerlab(run, file, new LabState('x', await temporaryFolder()))
    expect((await labErrorOf(clab.destroy({ signal: never() }))).code).toBe('artifact.changed')
    expect(calls).toEqual([])
  })

  it('of the PATH is none of ours, whatever lies in the folder that we are in', async () => {
    const { folder } = await built()
    await appendFile(join(folder, 'list.yaml'), '!')
    const here = relative(process.cwd(), join(folder, 'list.yaml'))
    await expect(programMustBeAsBuilt(here)).resolves.toBeUndefined()
  })
})

async function linkElsewhere(file: string): Promise<void> {
  const elsewhere = join(await temporaryFolder(), 'tool')
  await rename(file, elsewhere)
  await symlink(elsewhere, file)
}

/** As who hides a change does. */
async function rewriteAtTheSameTime(file: string): Promise<void> {
  const time = new Date(0)
  await utimes(file, time, time)
  const { length } = await readFile(file)
  await writeFile(file, 'X'.repeat(length))
  await utimes(file, time, time)
}
