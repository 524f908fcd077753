import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { caret, consumer, listed, objects, type Consumer } from './consumer.js'

const template = join(import.meta.dirname, '../../node_modules/cdk8s-cli/templates/typescript-app')

/**
 * The project of `cdk8s init typescript-app`, from its own template. The command itself also downloads the
 * schema of the Kubernetes API (`cdk8s import`) and fails without it; no test of ours needs that.
 */
async function initialised(): Promise<Consumer> {
  const project = await consumer(template)
  const words: Record<string, string> = {
    $base: 'shop',
    cdk8s_core_version: (await caret('cdk8s')).slice(1),
    constructs_version: (await caret('constructs')).slice(1),
    // For a newer Kubernetes than the one the library brings, and beside it.
    cdk8s_plus_version: (await caret('cdk8s-plus-33')).slice(1),
    cdk8s_cli_spec: await caret('cdk8s-cli'),
  }
  for (const file of await readdir(project.folder, { withFileTypes: true })) {
    if (!file.isFile()) continue
    const path = join(project.folder, file.name)
    const text = await readFile(path, 'utf8')
    await writeFile(
      path,
      text.replaceAll(/\{\{ (\S+) \}\}/g, (_, word: string) => words[word] ?? fail(word)),
    )
  }
  return project
}

const fail = (word: string): never => {
  throw new Error(`the template has a word that the test does not know: ${word}`)
}

test('the project of cdk8s init typescript-app compiles, tests and synthesises with a construct of ours', async () => {
  const project = await initialised()
  const main = await readFile(join(project.folder, 'main.ts'), 'utf8')
  const added = main
    .replace(/^/, "import { Redis } from 'headless-lab';\n")
    .replace('// define resources here', "new Redis(this, 'redis');")
  expect(added).not.toBe(main)
  await project.write('main.ts', added)
  await project.install()

  await project.run('npm', 'run', 'compile')
  await project.run('npm', 'test', '--', '-u', '--ci=false')
  await project.run('npm', 'run', 'synth', '--', '--no-check-upgrade')
  const yaml = await readFile(join(project.folder, 'dist/shop.k8s.yaml'), 'utf8')
  expect(listed(objects(yaml))).toContain('StatefulSet redis')
  const snapshot = await readFile(join(project.folder, '__snapshots__/main.test.ts.snap'), 'utf8')
  expect(snapshot).toContain('redis-headless')
})
