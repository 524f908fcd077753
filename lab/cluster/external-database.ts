import { must, type Run, type RunOptions } from '../host/run.js'

/** Role and database that the pods use. */
const ROLE = 'app'

/** Options of psql: no configuration file, no question for a password, bare output. */
const PSQL = ['psql', '-X', '-w', '-q', '-tA']

/** Reads the password from standard input: arguments and `docker exec -e` can be read by every user of the host. */
const WITH_PASSWORD = 'IFS= read -r PGPASSWORD && export PGPASSWORD PGCONNECT_TIMEOUT=5 && exec "$@"'

/** The Postgres server in a linux node of the lab, by the psql of its own container. */
export class ExternalDatabase {
  constructor(
    private readonly run: Run,
    private readonly container: string,
    private readonly options: RunOptions,
  ) {}

  /** Why its administrator cannot log in, by the socket; `undefined` when he can. */
  async notReady(): Promise<string | undefined> {
    const { exitCode, stdout, stderr } = await this.exec(asAdministrator, 'SELECT 1;\n')
    return exitCode === 0 ? undefined : firstLine(stderr + stdout)
  }

  /** Why the pods' role cannot log in with this password, at an address of the container; `undefined` when it can. */
  async refusal(address: string, password: string): Promise<string | undefined> {
    const psql = [...PSQL, '-h', address, '-U', ROLE, '-d', ROLE, '-c', 'SELECT 1']
    const { exitCode, stdout, stderr } = await this.exec(
      ['sh', '-c', WITH_PASSWORD, 'sh', ...psql],
      `${password}\n`,
    )
    return exitCode === 0 ? undefined : firstLine(stderr + stdout)
  }

  /**
   * Gives the pods' role this password; makes the role and its database where they are absent.
   *
   * @throws LabError `command.failed` in psql's words
   */
  async setPassword(password: string): Promise<void> {
    await must(this.run)('docker', ['exec', '-i', this.container, ...asAdministrator], {
      ...this.options,
      input: roleSql(password),
    })
  }

  private exec(command: readonly string[], input: string): ReturnType<Run> {
    return this.run('docker', ['exec', '-i', this.container, ...command], { ...this.options, input })
  }
}

const asAdministrator = [...PSQL, '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-d', 'postgres']

/** Terse messages do not quote the statement, and the server does not log it: neither shows the password. */
function roleSql(password: string): string {
  return `\\set VERBOSITY terse
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
SELECT 'CREATE ROLE ${ROLE}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${ROLE}') \\gexec
ALTER ROLE ${ROLE} LOGIN PASSWORD '${password.replaceAll("'", "''")}';
SELECT 'CREATE DATABASE ${ROLE} OWNER ${ROLE}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${ROLE}') \\gexec
`
}

/** What went wrong; the lines after it are advice. */
const firstLine = (output: string): string =>
  (output.trim().split('\n')[0] ?? '').replace(/^psql: error: /, '')
