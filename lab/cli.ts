import { Command, CommanderError, Option } from 'commander'
import type { CommandIo, LabOptions } from './commands/context.js'
import { deploy, start, type DeployOptions } from './commands/deploy.js'
import { diagnose, type DiagnoseOptions } from './commands/diagnose.js'
import { doctor, type DoctorOptions } from './commands/doctor.js'
import { reportError } from './commands/report-error.js'
import { sbom, type SbomOptions } from './commands/sbom.js'
import { status, type StatusOptions } from './commands/status.js'
import { stop } from './commands/stop.js'
import { synth, type SynthOptions } from './commands/synth.js'
import { teardown, type TeardownOptions } from './commands/teardown.js'
import { runTool } from './commands/tools.js'
import { addVerifyOptions, type VerifyCommandOptions } from './commands/verify-options.js'
import { verifyCommand } from './commands/verify.js'
import { version } from './commands/version.js'
import { LabError } from './errors.js'
import { watchSignals } from './host/signals.js'
import { cut, oneLine } from './words.js'

/** What any of the commands may be given. */
type Options = DeployOptions &
  VerifyCommandOptions &
  TeardownOptions &
  SynthOptions &
  DoctorOptions &
  DiagnoseOptions &
  SbomOptions &
  StatusOptions

/** Runs the program; its exit code is set when the promise resolves. */
export async function main(args: readonly string[]): Promise<void> {
  const { signal, stop } = watchSignals()
  for (const stream of [process.stdout, process.stderr]) stream.on('error', passOverClosed)
  const io: CommandIo = {
    signal,
    say: (line) => process.stderr.write(`${line}\n`),
    print: (text) => process.stdout.write(`${text}\n`),
  }
  try {
    process.exitCode = await parse(args, io)
  } catch (error) {
    process.exitCode = reportError(error, io.say)
  } finally {
    stop()
  }
}

/**
 * Whoever read this may stop (`… | head`, EPIPE), and a terminal may be closed (EIO): the rest goes nowhere, what was
 * begun is still ended in order, and the exit code stays what it is.
 */
function passOverClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
}

async function parse(args: readonly string[], io: CommandIo): Promise<number> {
  let code = 0
  const program = new Command('headless-lab')
    .description(
      'A Kubernetes service-discovery lab as code, and a verifier that proves how services behave.',
    )
    .version(version(), '--version', 'print the version')
    .helpCommand(false)
    // Only with this do options behind a tool's first argument stay the tool's.
    .enablePositionalOptions()
    .showHelpAfterError('(see --help)')
    .configureOutput({
      writeErr: (text) => process.stderr.write(text),
      outputError: (text, write) => write(usageError(text)),
    })
    .exitOverride()
    .hook('preAction', (_, chosen) => mustNameSomething(chosen))

  /** A command with the options every command has. */
  const command = (
    name: string,
    description: string,
    action: (options: Options, io: CommandIo) => Promise<number>,
  ): Command =>
    labOptions(program.command(name).description(description)).action(async (options: Options) => {
      code = await action(options, io)
    })

  command('deploy', 'make the lab, or repair it, and verify it', deploy)
    .option('-y, --yes', 'install what the host lacks without asking')
    .option('--refresh', 'build all artifacts again, with the newest packages of the Debian release')
  addVerifyOptions(
    command('verify', 'prove how the services of the lab, or of another cluster, behave', verifyCommand),
  )
  command('teardown', 'remove the lab and everything it made', teardown).option(
    '--cache',
    'also remove all built artifacts',
  )
  command('status', 'how the lab is: nodes, what is not as declared, pods that are not ready', status).option(
    '--json',
    'print one JSON object',
  )
  command('stop', 'stop the lab and keep all that is in it', stop)
  command('start', 'bring back a lab that was stopped, and verify it', start).option(
    '-y, --yes',
    'install what the host lacks without asking',
  )
  command('doctor', 'measure what on this host makes labs fail, and say what to do', doctor)
    .option('--fix', 'do what is safe: start the engine, raise limits of inotify until the next start')
    .option('--json', 'print one JSON object')
  command('diagnose', 'write one archive of what tells how the lab is, secrets redacted', diagnose).option(
    '-o, --output <file>',
    'the archive (default: headless-lab-<name>-<time>.tar.gz)',
  )
  command('synth', 'write the manifests of the workloads', synth)
    .option('-o, --output <folder>', 'folder for the manifests (default: dist)')
    .addOption(new Option('--stdout', 'print the manifests instead').conflicts('output'))
  command('sbom', 'write what each artifact is made of, as CycloneDX', sbom).option(
    '-o, --output <folder>',
    'folder for the bills (default: sbom)',
  )
  for (const tool of ['kubectl', 'calicoctl', 'containerlab'] as const) {
    labOptions(program.command(tool))
      .description(`run ${tool} on the lab`)
      .argument('[args...]', `arguments for ${tool}`)
      .passThroughOptions()
      .helpOption(false)
      .allowUnknownOption()
      .action(async (rest: string[], options: LabOptions) => {
        code = await runTool(tool, rest, options)
      })
  }
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Commander has printed its line already; help and version are no errors.
    return error.exitCode === 0 ? 0 : new LabError('usage.invalid', error.message).exitCode
  }
}

/** @throws LabError `usage.invalid` for an option whose value is empty, as of a variable of a script that is not set */
function mustNameSomething(command: Command): void {
  const empty = command.options.find((option) => command.getOptionValue(option.attributeName()) === '')
  if (empty !== undefined) throw new LabError('usage.invalid', `${empty.long ?? empty.flags}: names nothing`)
}

/** What Commander says of the arguments, which it quotes as they are. What was meant, perhaps, is a line of its own. */
function usageError(text: string): string {
  const [, said = '', meant = ''] = /^(.*?)(\n\(Did you mean [^\n]*\?\))?\n*$/s.exec(text) ?? []
  return `${cut(oneLine(said), LONGEST)}${meant}\n`
}

const LONGEST = 300

function labOptions(command: Command): Command {
  return command
    .option('--lab <file>', 'the spec of the lab, YAML or JSON (default: the lab of the documents)')
    .option('--name <name>', 'name of the lab (default: that of the spec, headless-services)')
}
