import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const folder = join(import.meta.dirname, '../../../constructs')

test('the library imports its three peers, Node and itself: nothing of the program, no package of the CLI', async () => {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'))
  expect(files).toContain('index.ts')
  const outside: string[] = []
  for (const file of files) {
    const text = await readFile(join(folder, file), 'utf8')
    for (const [, specifier = ''] of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      const foreign = specifier.startsWith('.')
        ? !join(folder, file, '..', specifier).startsWith(`${folder}/`)
        : !['cdk8s', 'cdk8s-plus-28', 'constructs'].includes(specifier) && !specifier.startsWith('node:')
      if (foreign) outside.push(`${file}: ${specifier}`)
    }
  }
  expect(outside).toEqual([])
})
