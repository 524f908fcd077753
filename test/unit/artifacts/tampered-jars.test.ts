import { createHash } from 'node:crypto'
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { tryRun } from '../../../lab/host/run.js'
import { temporaryFolder } from '../host/fakes.js'
import { files } from './recipes.js'

const dockerfile = await readFile(
  fileURLToPath(new URL('../../../images/kafka/Dockerfile', import.meta.url)),
  'utf8',
)

/** The command by which the image checks its jars, on a folder of this test. */
async function check(change: (libs: string) => Promise<void>): Promise<{ exitCode: number; said: string }> {
  const root = await temporaryFolder()
  const jars = { 'a-1.jar': 'one jar', 'b-2.jar': 'another' }
  const libs = await files(join(root, 'libs'), jars)
  const sums = Object.entries(jars).map(
    ([name, text]) => `${createHash('sha256').update(text).digest('hex')}  ${name}\n`,
  )
  await writeFile(join(root, 'libs.sha256'), sums.join(''))
  await change(libs)
  const command = /^RUN (cd \/opt\/kafka\/libs(?:.*\\\n)*.*)$/m.exec(dockerfile)?.[1] ?? 'exit 99'
  const here = command
    .replaceAll('/opt/kafka/libs', libs)
    .replaceAll('/usr/share/headless-lab/libs.sha256', join(root, 'libs.sha256'))
  const { exitCode, stdout, stderr } = await tryRun('sh', ['-c', here], { env: { LC_ALL: 'C' } })
  return { exitCode, said: [stdout, stderr].join('\n').trim() }
}

it('takes the jars that are pinned', async () => {
  expect(await check(() => Promise.resolve())).toEqual({ exitCode: 0, said: '' })
})

it.each<[string, (libs: string) => Promise<void>, RegExp]>([
  ['a jar that was changed', (libs) => appendFile(join(libs, 'a-1.jar'), '!'), /^a-1\.jar: FAILED$/m],
  ['a jar that is not there', (libs) => rm(join(libs, 'b-2.jar')), /^b-2\.jar: FAILED open or read$/m],
  ['a jar more', (libs) => writeFile(join(libs, 'c-3.jar'), 'who am I'), /^$/],
])('refuses %s', async (_, change, words) => {
  const { exitCode, said } = await check(change)
  expect(exitCode).toBe(1)
  expect(said).toMatch(words)
})

it('does so before anything of Kafka is run', () => {
  const at = (text: string): number => dockerfile.indexOf(text)
  expect(at('RUN cd /opt/kafka/libs')).toBeGreaterThan(at('COPY libs/'))
  expect(at('RUN /usr/share/headless-lab/read-classes.sh')).toBeGreaterThan(at('sha256sum --check --strict'))
})
