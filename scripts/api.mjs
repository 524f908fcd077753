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
const folder = join(root, 'build', 'api')
mkdirSync(folder, { recursive: true })
for (const [file, entry] of Object.entries(entries)) report(file, entry)
if (!process.argv.includes('--check')) await writeSchema()

function report(file, { name, onlyExported = false }) {
  const declarations = declarationsOf(file, name)
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
          reportTempFolder: folder,
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

/**
 * Compiled anew, and nothing but what the entry point is made of: in which order the compiler writes the members of a
 * union depends on where it met them first, which is nothing that this entry point says.
 */
function declarationsOf(file, name) {
  const config = join(folder, `tsconfig.${name}.json`)
  const outDir = join(folder, 'types', name)
  const compilerOptions = {
    ...{ outDir, rootDir: root, emitDeclarationOnly: true, incremental: false },
    tsBuildInfoFile: null,
  }
  const files = [join(root, `${file}.ts`)]
  const content = { extends: join(root, 'tsconfig.build.json'), compilerOptions, files, include: [] }
  writeFileSync(config, JSON.stringify(content))
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  execFileSync(process.execPath, [compiler, '-p', config], { stdio: 'inherit' })
  return join(outDir, `${file}.d.ts`)
}

async function writeSchema() {
  const { verifyJsonSchema } = await import('../build/lab/report/schema.js')
  const schemas = join(root, 'docs', 'schema')
  mkdirSync(schemas, { recursive: true })
  writeFileSync(join(schemas, 'verify-v1.schema.json'), verifyJsonSchema())
}

/** Which compiler it uses is nobody's business here. */
function quiet(message) {
  if (message.messageId === 'console-preamble') message.handled = true
}
