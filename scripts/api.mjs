// `npm run api`: writes the report of the library's public API to docs/api/, one file an entry point, and the schema of
// what `verify --json` prints to docs/schema/. With --check it writes nothing and fails where the report differs:
// whoever changes the API does it on purpose, and a reviewer sees what changed for those who import it. (A unit test
// compares the schema.)
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureBuild, ensurePackages } from './packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const entries = {
  'constructs/index': { name: 'headless-lab' },
  'topology/index': { name: 'headless-lab-topology' },
  // What a recording holds in each pack is not promised: it is made and judged by the same version.
  'lab/library': { name: 'headless-lab-verify', onlyExported: true },
}

ensurePackages(root)
ensureBuild(root)
// Compiled anew: in which order the compiler writes the members of a union depends on what it compiled before.
const types = join(root, 'build', 'api', 'types')
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const anew = [
  '--emitDeclarationOnly',
  '--incremental',
  'false',
  '--tsBuildInfoFile',
  'null',
  '--outDir',
  types,
]
execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json'), ...anew], {
  stdio: 'inherit',
})
for (const [file, entry] of Object.entries(entries)) report(file, entry)
if (!process.argv.includes('--check')) await writeSchema()

function report(file, { name, onlyExported = false }) {
  const declarations = join(types, `${file}.d.ts`)
  const { succeeded, apiReportChanged } = Extractor.invoke(
    ExtractorConfig.prepare({
      configObject: {
        projectFolder: root,
        mainEntryPointFilePath: declarations,
        newlineKind: 'lf',
        compiler: { overrideTsconfig: { extends: './tsconfig.json', files: [declarations], include: [] } },
        apiReport: {
          enabled: true,
          // A type that only others are made of is part of them.
          includeForgottenExports: !onlyExported,
          reportFileName: `${name}.api.md`,
          reportFolder: join(root, 'docs', 'api'),
          reportTempFolder: join(root, 'build', 'api'),
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        messages: {
          compilerMessageReporting: { default: { logLevel: 'error' } },
          extractorMessageReporting: {
            default: { logLevel: 'error' },
            // Everything that is exported is public, and typedoc says what has no documentation.
            'ae-missing-release-tag': { logLevel: 'none' },
            'ae-forgotten-export': { logLevel: 'none' },
            'ae-undocumented': { logLevel: 'none' },
            'ae-unresolved-link': { logLevel: 'none' },
          },
          tsdocMessageReporting: { default: { logLevel: 'none' } },
        },
      },
      configObjectFullPath: undefined,
      packageJsonFullPath: join(root, 'package.json'),
    }),
    { localBuild: !process.argv.includes('--check'), messageCallback: quiet },
  )
  if (succeeded) return
  process.exitCode = 1
  if (apiReportChanged)
    console.error(
      `The API of ${file}.ts is not what docs/api/${name}.api.md says; if that is meant, run: npm run api`,
    )
}

async function writeSchema() {
  const { verifyJsonSchema } = await import('../build/lab/report/schema.js')
  const folder = join(root, 'docs', 'schema')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'verify-v1.schema.json'), verifyJsonSchema())
}

/** Which compiler it uses is nobody's business here. */
function quiet(message) {
  if (message.messageId === 'console-preamble') message.handled = true
}
