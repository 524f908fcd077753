// `npm run api`: writes the report of the library's public API to docs/api/, one file an entry point. With --check it
// writes nothing and fails where the report differs: whoever changes the API does it on purpose, and a reviewer
// sees what changed for those who import it.
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureBuild, ensurePackages } from './packages.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const entries = { constructs: 'headless-lab', topology: 'headless-lab-topology' }

ensurePackages(root)
ensureBuild(root)
for (const [room, name] of Object.entries(entries)) report(room, name)

function report(room, name) {
  const declarations = join(root, 'build', room, 'index.d.ts')
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
          includeForgottenExports: true,
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
      `The API of ${room}/ is not what docs/api/${name}.api.md says; if that is meant, run: npm run api`,
    )
}

/** Which compiler it uses is nobody's business here. */
function quiet(message) {
  if (message.messageId === 'console-preamble') message.handled = true
}
