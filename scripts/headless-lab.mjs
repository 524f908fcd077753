#!/usr/bin/env node
// The program's entry: `npm run deploy`, `npx headless-lab …`. In a checkout it first makes what the program
// is made of (npm packages, compiled code); in an installed package both are there already.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkNode, ensureBuild, ensurePackages } from './packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

checkNode()
if (existsSync(join(root, 'tsconfig.build.json'))) {
  ensurePackages(root)
  ensureBuild(root)
}
const { main } = await import('../build/lab/cli.js')
await main(process.argv.slice(2))
// What hangs and was left behind must not hold the program, least of all one that was interrupted, whose steps may have
// taken 4.2 s of the 5 that it has.
setTimeout(() => process.exit(), process.exitCode >= 128 ? 700 : 3_000).unref()
