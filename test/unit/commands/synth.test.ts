import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { KubernetesObject } from '@kubernetes/client-node'
import { parseAllDocuments } from 'yaml'
import { openLab } from '../../../lab/commands/context.js'
import { synth, type SynthOptions } from '../../../lab/commands/synth.js'
import { never, temporaryFolder } from '../host/fakes.js'

async function synthesised(options: SynthOptions): Promise<{ said: string[]; printed: string }> {
  const said: string[] = []
  let printed = ''
  const io = {
    signal: never(),
    say: (line: string) => said.push(line),
    print: (text: string) => (printed += text),
  }
  expect(await synth(options, io)).toBe(0)
  return { said, printed }
}

const objectsIn = (yaml: string): KubernetesObject[] =>
  parseAllDocuments(yaml).map((document) => document.toJS() as KubernetesObject)

afterEach(() => delete process.env['CDK8S_OUTDIR'])

it('writes all objects of the lab into one file, and no Secret', async () => {
  const folder = await temporaryFolder()
  const { said } = await synthesised({ output: folder })
  expect(await readdir(folder)).toEqual(['lab.k8s.yaml'])
  const objects = objectsIn(await readFile(join(folder, 'lab.k8s.yaml'), 'utf8'))
  expect(objects).toEqual(JSON.parse(JSON.stringify((await openLab({})).plan.manifests([]))))
  expect(objects.map(({ kind }) => kind)).not.toContain('Secret')
  expect(said[0]).toBe(`${objects.length} objects written to ${join(folder, 'lab.k8s.yaml')}`)
})

it('says what the file does not hold', async () => {
  const { plan } = await openLab({})
  const { said } = await synthesised({ output: await temporaryFolder() })
  const secrets = plan.secrets.map(({ namespace, name }) => `${namespace}/${name}`)
  expect(secrets).not.toEqual([])
  expect(said[1]).toBe(`they need Secrets, which deploy makes: ${secrets.join(', ')}`)
  expect(said[2]).toMatch(/external database has no endpoints/)
})

it('writes into the folder that cdk8s synth names', async () => {
  const folder = await temporaryFolder()
  process.env['CDK8S_OUTDIR'] = folder
  await synthesised({})
  expect(await readdir(folder)).toEqual(['lab.k8s.yaml'])
})

it('makes no folder on the way to one that is elsewhere', async () => {
  const folder = await temporaryFolder()
  await synthesised({ output: `${folder}/absent/../manifests` })
  expect(await readdir(folder)).toEqual(['manifests'])
})

it('takes an empty name of that folder for none', async () => {
  const [before, folder] = [process.cwd(), await temporaryFolder()]
  process.env['CDK8S_OUTDIR'] = ''
  process.chdir(folder)
  try {
    await synthesised({})
    expect(await readdir(join(folder, 'dist'))).toEqual(['lab.k8s.yaml'])
  } finally {
    process.chdir(before)
  }
})

it('prints the same', async () => {
  const folder = await temporaryFolder()
  await synthesised({ output: folder })
  const { printed } = await synthesised({ stdout: true })
  expect(`${printed}\n`).toBe(await readFile(join(folder, 'lab.k8s.yaml'), 'utf8'))
})
