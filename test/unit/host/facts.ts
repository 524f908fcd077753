import type { AptSource } from '../../../lab/host/debian.js'
import type { HostFacts } from '../../../lab/host/requirements.js'

export const debianSource = (suite: string, uri = 'http://mirror.example/debian'): AptSource => ({
  uri,
  suites: [suite, `${suite}-updates`],
  components: ['main'],
  signedBy: '/usr/share/keyrings/debian-archive-keyring.pgp',
})

/** Debian 12 with nothing of what a lab needs. */
export const debian12: HostFacts = {
  os: { id: 'debian', like: [], codename: 'bookworm', prettyName: 'Debian GNU/Linux 12 (bookworm)' },
  hasApt: true,
  isRoot: true,
  engine: 'absent',
  ip: true,
  dockerCli: false,
  go: undefined,
  goToolchain: 'local',
  debootstrap: false,
  // Its apt needs both.
  debianKeyring: true,
  gpgv: true,
  maven: false,
  aptSources: [debianSource('bookworm')],
}

/** Debian 13 with nothing of what a lab needs. */
export const debian13: HostFacts = {
  ...debian12,
  // Its apt verifies with sqv.
  gpgv: false,
  os: { id: 'debian', like: [], codename: 'trixie', prettyName: 'Debian GNU/Linux 13 (trixie)' },
  aptSources: [debianSource('trixie')],
}

/** Ubuntu 24.04 with nothing of what a lab needs. */
export const ubuntu2404: HostFacts = {
  ...debian12,
  debianKeyring: false,
  os: { id: 'ubuntu', like: ['debian'], codename: 'noble', prettyName: 'Ubuntu 24.04.1 LTS' },
  aptSources: [
    {
      uri: 'http://mirror.example/ubuntu',
      suites: ['noble', 'noble-updates'],
      components: ['main', 'universe'],
      signedBy: undefined,
    },
  ],
}

/** Fedora: no apt. */
export const fedora: HostFacts = {
  ...debian12,
  os: { id: 'fedora', like: [], codename: '', prettyName: 'Fedora Linux 41' },
  hasApt: false,
  debianKeyring: false,
  aptSources: [],
}
