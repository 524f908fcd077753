import { readFile } from 'node:fs/promises'
import { DEBIAN_KEYRING, parseOsRelease, readAptSources } from './debian.js'
import { ask, engineState, onPath } from './engine.js'
import { exists } from './not-found.js'
import type { HostFacts } from './requirements.js'
import type { Run } from './run.js'

/** Looks at the host; changes nothing. @param keyring where Debian's keys would be */
export async function inspectHost(
  run: Run,
  signal: AbortSignal,
  keyring = DEBIAN_KEYRING,
): Promise<HostFacts> {
  const [os, hasApt, engine, ip, dockerCli, hasGo, debootstrap, gpgv, maven, aptSources] = await Promise.all([
    readFile('/etc/os-release', 'utf8').then(parseOsRelease, () => parseOsRelease('')),
    onPath(run, 'apt-get', signal),
    engineState(run, signal),
    onPath(run, 'ip', signal),
    onPath(run, 'docker', signal),
    onPath(run, 'go', signal),
    // It lives in sbin, which is not on everybody's PATH.
    onPath(run, 'debootstrap', signal).then(
      async (found) => found || onPath(run, '/usr/sbin/debootstrap', signal),
    ),
    onPath(run, 'gpgv', signal),
    onPath(run, 'mvn', signal),
    readAptSources(),
  ])
  const go = hasGo ? await goVersion(run, signal) : { version: undefined, toolchain: 'local' }
  return {
    os,
    hasApt,
    isRoot: process.getuid?.() === 0,
    engine,
    ip,
    dockerCli,
    go: go.version,
    goToolchain: go.toolchain,
    debootstrap,
    debianKeyring: await exists(keyring),
    gpgv,
    maven,
    aptSources,
  }
}

async function goVersion(
  run: Run,
  signal: AbortSignal,
): Promise<{ version: string | undefined; toolchain: string }> {
  const { stdout } = await ask(run, 'go', ['env', 'GOVERSION', 'GOTOOLCHAIN'], signal)
  const [version = '', toolchain = 'local'] = stdout.split('\n')
  return { version: /^go(\d[\d.]*)/.exec(version)?.[1], toolchain: toolchain.trim() }
}
