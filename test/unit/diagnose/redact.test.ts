import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MARK, redactor } from '../../../lab/diagnose/redact.js'
import { literals } from '../../../lab/diagnose/secret-values.js'

const redact = redactor([])
const clean = (text: string): string => redact(text).text

const jwt = `eyJhbGciOiJSUzI1NiIsImtpZCI6IkFCQyJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJlX29m-QQ`
const body = Array.from({ length: 20 }, (_, i) => `MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwgg${i}SjAgEAAoIBAQC7`)
const pem = ['-----BEGIN RSA PRIVATE KEY-----', ...body, '-----END RSA PRIVATE KEY-----'].join('\n')
const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('what is secret by its form is taken out, and what stands around it stays', () => {
  test.each<[what: string, text: string, without: string]>([
    ['a private key', `a\n${pem}\nb`, 'a\n[redacted]\nb'],
    ['a private key in JSON', JSON.stringify({ k: pem, l: 1 }), '{"k":"[redacted]","l":1}'],
    ['a private key in base64', `ca: ${base64(pem)}`, 'ca: [redacted]'],
    [
      'an encrypted key',
      'x -----BEGIN ENCRYPTED PRIVATE KEY-----\nAA\n-----END ENCRYPTED PRIVATE KEY----- y',
      'x [redacted] y',
    ],
    ['a web token', `got ${jwt} from`, 'got [redacted] from'],
    ['a signature of cluster-info', '"jws": "eyJhbGciOiJIUzI1NiJ9..c2lnbmF0dXJl"', '"jws": "[redacted]"'],
    [
      'a token of kubeadm',
      'kubeadm join 172.18.0.3:6443 abcdef.0123456789abcdef now',
      'kubeadm join 172.18.0.3:6443 [redacted] now',
    ],
    ['a token of kubeadm behind \\n', 'x\\nabcdef.0123456789abcdef', 'x\\n[redacted]'],
    [
      'a certificate key',
      '--certificate-key 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --v=5',
      '--certificate-key [redacted] --v=5',
    ],
    [
      'fields of a kubeconfig',
      '    client-key-data: QUJD\n    client-certificate-data: QUJD\n    certificate-authority-data: QUJD\n    server: x',
      '    client-key-data: [redacted]\n    client-certificate-data: [redacted]\n    certificate-authority-data: [redacted]\n    server: x',
    ],
    [
      'a password in a URL',
      'HTTP_PROXY=http://me:p@ss@proxy:3128/ ok',
      'HTTP_PROXY=http://me:[redacted]@proxy:3128/ ok',
    ],
    [
      'a password in a URL without a user',
      'redis://:s3cret@redis-0:6379',
      'redis://:[redacted]@redis-0:6379',
    ],
    ['a token in a URL', 'https://0123456789abcdefghij@git.example/x', 'https://[redacted]@git.example/x'],
    ['an Authorization header', 'Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic [redacted]'],
    ['an Authorization header of Go', 'Authorization:[Bearer abc]', 'Authorization:[Bearer [redacted]]'],
    ['a bearer token', 'curl -H "X: bearer a1b2c3d4e5" y', 'curl -H "X: bearer [redacted]" y'],
    ['a variable', 'POSTGRES_PASSWORD=hunter2 PATH=/bin', 'POSTGRES_PASSWORD=[redacted] PATH=/bin'],
    [
      'a variable with blanks, of docker inspect',
      '"Env": ["DB_PASSWORD=a b \\"c", "TZ=UTC"]',
      '"Env": ["DB_PASSWORD=[redacted]", "TZ=UTC"]',
    ],
    [
      'a variable of a pod',
      '{ "name": "API_TOKEN",\n  "value": "x y" }',
      '{ "name": "API_TOKEN",\n  "value": "[redacted]" }',
    ],
    [
      'a variable of a pod in an annotation',
      '"{\\"name\\":\\"DB_PASSWORD\\",\\"value\\":\\"x y\\"}"',
      '"{\\"name\\":\\"DB_PASSWORD\\",\\"value\\":\\"[redacted]\\"}"',
    ],
    [
      'a variable of a pod in YAML',
      '- name: PGPASSWORD\n  value: x y\n- name: A',
      '- name: PGPASSWORD\n  value: [redacted]\n- name: A',
    ],
    ['JSON', '{"password":"a\\"b","user":"c"}', '{"password":"[redacted]","user":"c"}'],
    [
      'JSON with camels',
      '{"clientSecret": "a/b-1", "accessToken": "c"}',
      '{"clientSecret": "[redacted]", "accessToken": "[redacted]"}',
    ],
    ['a number', '"password": 123456,', '"password": [redacted],'],
    ['JSON in a string of JSON', '"{\\"password\\":\\"hunter2\\"}"', '"{\\"password\\":\\"[redacted]\\"}"'],
    ['a configuration of Docker', '{"auths":{"r":{"auth":"dTpw"}}}', '{"auths":{"r":{"auth":"[redacted]"}}}'],
    [
      'npm',
      '//registry/:_authToken=abc-1 _auth=dTpw _password=cGFzcw==',
      '//registry/:_authToken=[redacted] _auth=[redacted] _password=[redacted]',
    ],
    [
      'a file of settings',
      'ssl.keystore.password = a1\nuser = b',
      'ssl.keystore.password = [redacted]\nuser = b',
    ],
    [
      'YAML',
      'replication:\n  password: a b c\n  username: d',
      'replication:\n  password: [redacted]\n  username: d',
    ],
    [
      'YAML in a string of JSON',
      '"a: b\\n  password: c d\\n  e: f"',
      '"a: b\\n  password: [redacted]\\n  e: f"',
    ],
    ['a sentence', 'generated root password: Xy-7, keep it', 'generated root password: [redacted], keep it'],
    ['a sentence of a token', 'using token: 0a1b2c3d4e for it', 'using token: [redacted] for it'],
    ['a query', 'GET /x?access_token=abc&y=1', 'GET /x?access_token=[redacted]&y=1'],
    ['XML', '<password>a b</password>', '<password>[redacted]</password>'],
    ['an argument', 'run --password hunter22 --user me', 'run --password [redacted] --user me'],
    ['an argument in JSON', '["--registry-token", "abc", "-v"]', '["--registry-token", "[redacted]", "-v"]'],
    ['an argument of mysql', 'mysql -uroot -phunter2 -e x', 'mysql -uroot -p[redacted] -e x'],
    ['an argument of redis-cli', 'redis-cli -h r -a hunter2 ping', 'redis-cli -h r -a [redacted] ping'],
    ['an argument of curl', 'curl -s -u me:hunter2 http://x', 'curl -s -u me:[redacted] http://x'],
    ['redis.conf', 'requirepass hunter2\nport 6379', 'requirepass [redacted]\nport 6379'],
    ['SQL', "ALTER ROLE app LOGIN PASSWORD 'a b'; x", "ALTER ROLE app LOGIN PASSWORD '[redacted]'; x"],
    ['SQL of MySQL', "CREATE USER u IDENTIFIED BY 'a b'", "CREATE USER u IDENTIFIED BY '[redacted]'"],
    ['a hash of Postgres', 'SCRAM-SHA-256$4096:c2FsdA==$a2V5:c2Vy+/Y=', '[redacted]'],
    [
      'an argument of five characters',
      'run --password abc12 --user me',
      'run --password [redacted] --user me',
    ],
    [
      'an argument with a comma and brackets',
      '[run --password a,b]c --token d1]',
      '[run --password [redacted] --token [redacted]]',
    ],
    [
      'an argument in quotes',
      'redis-server --requirepass "hunter2x9" --token \'a "b"\' -v',
      'redis-server --requirepass "[redacted]" --token \'[redacted]\' -v',
    ],
    [
      'an argument in quotes with quotes in it',
      String.raw`--password "a\"b\\" --token 'c'\''d' --secret e1`,
      `--password "[redacted]" --token '[redacted]' --secret [redacted]`,
    ],
    [
      'an argument in quotes, in JSON',
      JSON.stringify({ cmd: String.raw`redis-server --requirepass "a\"b\\" --port 1`, image: 'x' }),
      String.raw`{"cmd":"redis-server --requirepass \"[redacted]\" --port 1","image":"x"}`,
    ],
    [
      'an argument in quotes, in JSON in a string of JSON',
      JSON.stringify(JSON.stringify({ cmd: String.raw`run --password "a\"b" -v`, image: 'x' })),
      JSON.stringify(JSON.stringify({ cmd: 'run --password "[redacted]" -v', image: 'x' })),
    ],
    [
      'an argument in quotes that end with the string of JSON they are in',
      '{"cmd": "run --password \\"a b", "image": "x"}',
      '{"cmd": "run --password \\"[redacted]", "image": "x"}',
    ],
    [
      'an argument in quotes, in those of YAML',
      "cmd: 'sh -c ''run --password ''a b'' -v'",
      "cmd: 'sh -c ''run --password ''[redacted]'' -v'",
    ],
    ['an argument, all in quotes', 'exec "--password" "a b" "-v"', 'exec "--password" "[redacted]" "-v"'],
    [
      'an argument in JSON with quotes in it',
      JSON.stringify(['--password', 'a"b', '-v'], undefined, 1),
      '[\n "--password",\n "[redacted]",\n "-v"\n]',
    ],
    [
      'an argument in a list of YAML',
      'args:\n  - --password\n  - a b\n  - "--token"\n  - "c d"\n  - -v',
      'args:\n  - --password\n  - [redacted]\n  - "--token"\n  - [redacted]\n  - -v',
    ],
    [
      'an argument in a list of YAML in a string of JSON',
      JSON.stringify({ a: '- --password\n- a "b"\n- -v', b: '- --token\n- c d' }),
      JSON.stringify({ a: '- --password\n- [redacted]\n- -v', b: '- --token\n- [redacted]' }),
    ],
    [
      'an argument of mysql in quotes',
      `mysql -uroot -p"a b" -e x\nmariadb -p'c"d' e`,
      `mysql -uroot -p"[redacted]" -e x\nmariadb -p'[redacted]' e`,
    ],
    [
      'an argument of redis-cli in quotes',
      `redis-cli -a "a b" ping\nredis-cli -a 'c"d' ping`,
      `redis-cli -a "[redacted]" ping\nredis-cli -a '[redacted]' ping`,
    ],
    [
      'short arguments of clients',
      'redis-cli -a a1 ping\nmysql -pb1 x',
      'redis-cli -a [redacted] ping\nmysql -p[redacted] x',
    ],
    [
      'an argument of clients in quotes, in JSON',
      JSON.stringify(['mysql -p"a b" -e x', "redis-cli -a 'c' ping"]),
      JSON.stringify(['mysql -p"[redacted]" -e x', "redis-cli -a '[redacted]' ping"]),
    ],
    [
      'an argument of clients in a list',
      '["redis-cli", "-h", "r", "-a", "a b", "ping"], ["mysql","-pc d"]',
      '["redis-cli", "-h", "r", "-a", "[redacted]", "ping"], ["mysql","-p[redacted]"]',
    ],
    [
      'an argument of curl in quotes',
      JSON.stringify([`curl -u "me:a b" http://x`, `curl --user 'me:c' http://x`]),
      JSON.stringify([`curl -u "me:[redacted]" http://x`, `curl --user 'me:[redacted]' http://x`]),
    ],
    [
      'redis.conf as Redis writes it',
      'requirepass "a b"\nmasterauth "c\\"d"\nsentinel auth-pass main "e"\nuser me on ~* +@all >f',
      'requirepass "[redacted]"\nmasterauth "[redacted]"\nsentinel auth-pass main "[redacted]"\nuser me on ~* +@all >[redacted]',
    ],
    [
      'redis.conf in a string of JSON',
      JSON.stringify({ conf: 'requirepass "a b"\nport 1\nmasterauth c' }),
      JSON.stringify({ conf: 'requirepass "[redacted]"\nport 1\nmasterauth [redacted]' }),
    ],
    [
      'what begins a line in a string of JSON',
      JSON.stringify({ a: `x\nrequirepass a\n--token b1\nredis-cli -a c d\nPASSWORD 'e'\n${jwt}` }),
      JSON.stringify({
        a: `x\nrequirepass [redacted]\n--token [redacted]\nredis-cli -a [redacted] d\nPASSWORD '[redacted]'\n[redacted]`,
      }),
    ],
    ['a command of Redis', '"config" "set" "requirepass" "a b"', '"config" "set" "requirepass" "[redacted]"'],
    [
      'SQL in double quotes',
      'ALTER USER u IDENTIFIED BY "a b"; ALTER ROLE r PASSWORD "c"',
      'ALTER USER u IDENTIFIED BY "[redacted]"; ALTER ROLE r PASSWORD "[redacted]"',
    ],
    [
      'SQL with quotes in the quotes',
      "ALTER ROLE r PASSWORD 'it''s' VALID; SET PASSWORD FOR u = PASSWORD('a');",
      "ALTER ROLE r PASSWORD '[redacted]' VALID; SET PASSWORD FOR u = PASSWORD('[redacted]');",
    ],
    [
      'SQL with the way to log in',
      "IDENTIFIED WITH mysql_native_password AS '*0A'; IDENTIFIED VIA ed25519 USING 'b'",
      "IDENTIFIED WITH mysql_native_password AS '[redacted]'; IDENTIFIED VIA ed25519 USING '[redacted]'",
    ],
    [
      'lists in JSON',
      '{"password": ["a\\"b"], "passwords": ["c", "d"], "X-Auth-Token": ["e1"], "user": "f"}',
      '{"password": ["[redacted]"], "passwords": ["[redacted]"], "X-Auth-Token": ["[redacted]"], "user": "f"}',
    ],
    [
      'a list in YAML',
      'a:\n  passwords:\n    - b c\n    - d\n  user: e\npassword:\n- f\nuser: g',
      'a:\n  passwords:\n    - [redacted]\n  user: e\npassword:\n- [redacted]\nuser: g',
    ],
    [
      'a block of YAML',
      'a:\n  password: |\n    b c\n\n     d\n  user: e\n- "token": >-\n    f g\n  user: h',
      'a:\n  password: |\n    [redacted]\n  user: e\n- "token": >-\n    [redacted]\n  user: h',
    ],
    [
      'a block of YAML in a string of JSON',
      JSON.stringify({ a: 'password: |\n  b "c"\n  d\nuser: e', b: 'x:\n  token: |\n    f' }),
      JSON.stringify({ a: 'password: |\n  [redacted]\nuser: e', b: 'x:\n  token: |\n    [redacted]' }),
    ],
    [
      'a variable of a pod in a block of YAML',
      '- name: PGPASSWORD\n  value: |\n    x y\n- name: A',
      '- name: PGPASSWORD\n  value: |\n    [redacted]\n- name: A',
    ],
    [
      'variables that have a number or a word behind',
      'DB_PASSWORD_1=a DB_PASSWORD2=b DB_PASSWORD_ADMIN="c d" API_TOKEN_3=e1 ADMIN_PASSWORDS=f API_KEY_1=g',
      'DB_PASSWORD_1=[redacted] DB_PASSWORD2=[redacted] DB_PASSWORD_ADMIN="[redacted]" API_TOKEN_3=[redacted] ADMIN_PASSWORDS=[redacted] API_KEY_1=[redacted]',
    ],
    [
      'the same in JSON and YAML',
      '"Env": ["DB_PASSWORD_1=a b"], "password2": "c", "name": "TOKEN_2", "value": "d e"\npassword_old: f g',
      '"Env": ["DB_PASSWORD_1=[redacted]"], "password2": "[redacted]", "name": "TOKEN_2", "value": "[redacted]"\npassword_old: [redacted]',
    ],
    [
      'quotes in quotes of a variable of a pod in an annotation',
      JSON.stringify(JSON.stringify({ name: 'DB_PASSWORD', value: 'a"b' })),
      JSON.stringify(JSON.stringify({ name: 'DB_PASSWORD', value: '[redacted]' })),
    ],
    [
      'quotes in quotes of JSON in a string of JSON',
      JSON.stringify(JSON.stringify({ password: 'a"b', user: 'c' })),
      JSON.stringify(JSON.stringify({ password: '[redacted]', user: 'c' })),
    ],
    [
      'a setting in quotes that are doubled',
      "primary_conninfo = 'user=a password=''b c'' port=1'",
      "primary_conninfo = 'user=a password=''[redacted]'' port=1'",
    ],
    ['a token of GitHub', `x ghp_${'a1'.repeat(18)} y`, 'x [redacted] y'],
  ])('%s', (_, text, without) => {
    expect(clean(text)).toBe(without)
    // Nothing more is found in what was cleaned.
    expect(clean(without)).toBe(without)
  })

  test('a key whose lines each have a time before them', () => {
    const log = pem.split('\n').map((line) => `2026-01-01T00:00:00Z stdout F ${line}`)
    expect(clean(log.join('\n'))).toBe('2026-01-01T00:00:00Z stdout F [redacted]')
  })

  test('what is left of a key that the beginning or end of a log has cut in two', () => {
    const lines = pem.split('\n')
    expect(clean([...lines.slice(10), 'after'].join('\n'))).toBe('[redacted]\nafter')
    expect(clean(['before', ...lines.slice(0, 10)].join('\n'))).toBe('before\n[redacted]')
    expect(clean([...lines.slice(10), 'between', ...lines.slice(0, 10)].join('\n'))).toBe(
      '[redacted]\nbetween\n[redacted]',
    )
    expect(clean([...lines.slice(0, 10), pem, 'after'].join('\n'))).toBe('[redacted][redacted]\nafter')
  })

  test('how many there were is told', () => {
    expect(redact(`${pem} password=a token=b1 PATH=c`).count).toBe(3)
    expect(redactor(['hunter2'])('hunter2 and hunter2').count).toBe(2)
    expect(redact('nothing').count).toBe(0)
  })
})

describe('what is no secret stays as it is', () => {
  test.each([
    'docker.io/headless-lab/redis:8.0@sha256:36f0346c8bde97e536f0346c8bde97e536f0346c8bde97e536f0346c8bde97e5',
    'headless-lab/node:v1.34.4-36f0346c8bde97e5',
    'nginx-deployment-6446d654c5-8ll4j',
    // Events are called so: what they speak of, and a time.
    '"name": "headless-services-worker.18ea234eaaf2157b"',
    '"name": "nginx1.18ea234eaaf2157b"',
    '"uid": "25779b3d-d212-41e9-ae06-7b8fbafc4881"',
    'apache.kafka.common.utils.applicationinfo1',
    '{"secretName": "postgres-secret", "secretKeyRef": {"name": "a", "key": "password"}}',
    '{"name":"DB_PASSWORD","valueFrom":{"secretKeyRef":{"key":"password","name":"x"}}}',
    '"keys": ["token-id", "token-secret", "usage-bootstrap-signing"]',
    '"automountServiceAccountToken": false, "expirationSeconds": 3607',
    'automountServiceAccountToken: true\\n  containers:',
    '\\"a: b\\\\n  automountServiceAccountToken: true\\\\n  containers:\\"',
    '--service-account-private-key-file=/etc/kubernetes/pki/sa.key --kubelet-client-key=/etc/kubernetes/pki/k.key',
    'client-key: /var/lib/kubelet/pki/kubelet-client-current.pem',
    'POSTGRES_PASSWORD_FILE=/run/secrets/password PGPASSWORD=$(cat /x) PGPASSWORD=${PW} A_TOKEN=$TOKEN',
    "Access denied for user 'root'@'localhost' (using password: YES)",
    'FATAL:  password authentication failed for user "postgres"',
    'MountVolume.SetUp failed for volume "credentials" : secret "postgres-secret" not found',
    'failed to get token: connection refused',
    'failed to fetch secret: the server has no such thing',
    'kubelet: secret="default/postgres-secret" is not there',
    'secrets is forbidden: User "system:node:x" cannot list resource "secrets"',
    'use the --token flag, or --password option',
    'ssl.key.password = null\nsasl.jaas.config = [hidden]\npassword = <redacted>',
    'the bearer token authenticator',
    'password=***** {"password":"xxxxxxx"} ssl.key.password = [hidden]',
    'ssh_key=/etc/ssh/host client-key: pki/k.pem',
    'secret=default/postgres-secret {"msg":"no secret=\\"default/postgres-secret\\""}',
    'Warning: the requirepass option is not set',
    'PWD=/root OLDPWD=/tmp/x bypass=1 compass: north',
    'GET https://[fc00:f853:ccd:e793::3]:6443/api/v1/nodes?x=a@b 200',
    'ssh://git@host/path and http://host:8080/a@b',
    'registry.k8s.io/pause:3.10.1@sha256:7c38f2',
    '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    base64('-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgI\n-----END CERTIFICATE-----'),
    '"topologyKey": "kubernetes.io/hostname", "key": "node-role.kubernetes.io/control-plane"',
    'mkdir -p /var/lib/mysql && mysqld --port=3306',
    '{"passwordSecretRef": {"name": "a"}, "secretName": "b", "tokenExpirationSeconds": 3600}',
    '{"secret": ["default/postgres-secret"], "imagePullSecrets": [{"name": "regcred"}], "secrets": ["a"]}',
    '"resources": ["secrets", "configmaps"], "verbs": ["get"]',
    '"Env": ["DB_PASSWORD=", "TZ=UTC"], "Cmd": ["--password"], "Labels": {"a": "b"}',
    '{"cmd": "mysql -u root -p", "image": "mysql:8"}',
    'PASSWORD_FILE=pw db_password_path=./x DB_PASSWORD_SECRET_NAME=postgres password_encryption = scram-sha-256',
    'validate_password_min_length=8 password_lifetime=90 password_require_current=OFF password_policy: strict',
    '--token-ttl 24h --password-file pw --password-stdin registry --secret-name a --tokens 5 max_tokens=4096',
    '--password "$PASSWORD" --token "${TOKEN}" --password \'\' --token "" -v',
    'use --password or --token to log in; --password is needed; the --token, too',
    '--password --user me --token -v',
    '  --token string   the token of the server',
    'printf \'requirepass "%s"\\nmasterauth "%s"\\n\' "$quoted" "$quoted"',
    'requirepass "$quoted"\nmasterauth $PASSWORD',
    'args:\n- --password\n- --user\n- me',
    'use --password\n- and then\n- this',
    'password:\nuser: a\ntoken:\n  - name: b',
    'a:\n  password: |\n  user: b',
    'description: |\n  the password of it\nuser: a',
    "IDENTIFIED BY ''; FLUSH PRIVILEGES; -- 'a'",
    'the password "", and \'\' as well',
    'mysql-0 -p, mariadb (-p) and redis-cli (-a)',
    'curl -u me http://x "a:b"',
  ])('%s', (text) => {
    expect(redact(text)).toEqual({ text, count: 0 })
  })
})

describe('the values of Secrets', () => {
  const values = (...texts: string[]) => redactor(literals(texts.map(base64), new Set(['postgres'])))

  test('are taken out wherever they stand', () => {
    const { text } = values(
      'tiger7',
      'x"y z\\',
    )(
      `login tiger7 at mysql, -ptiger7, ntiger7n, ${base64('tiger7')}, {"a":${JSON.stringify('x"y z\\')}}, ?q=${encodeURIComponent('x"y z\\')}`,
    )
    expect(text).toBe(`login ${MARK} at mysql, -p${MARK}, n${MARK}n, ${MARK}, {"a":"${MARK}"}, ?q=${MARK}`)
  })

  test('are taken out as Go and Node write them in JSON, also in a string of JSON', () => {
    const secret = `a"<b>\\&'7`
    const byGo = (text: string): string =>
      JSON.stringify(text).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026')
    const writers = [byGo, JSON.stringify]
    const once = writers.map((write) => write(secret))
    const twice = once.flatMap((text) => writers.map((write) => write(text)))
    const thrice = twice.flatMap((text) => writers.map((write) => write(text)))
    const { text } = values(secret)([...once, ...twice, ...thrice].map((one) => `x: ${one}`).join('\n'))
    expect(text.replaceAll(/\\+"|"/g, '').split('\n')).toEqual(Array<string>(14).fill(`x: ${MARK}`))
  })

  test('are taken out whole where one is the beginning of another', () => {
    expect(values('secret1', 'secret1234')('secret1234 secret1').text).toBe(`${MARK} ${MARK}`)
  })

  test('are not found in an id or a digest', () => {
    const digest = 'sha256:36f0346c8bdeabcdef97e536f0346c8b'
    expect(values('abcdef')(`${digest} -pabcdef`).text).toBe(`${digest} -p${MARK}`)
  })

  test('leave nothing of them, whatever they are', () => {
    const value = fc.stringMatching(/^[A-Za-z0-9+/=!$%^*#-]{12,40}$/)
    fc.assert(
      fc.property(value, fc.string(), fc.string(), (secret, before, after) => {
        const all = [secret, base64(secret), base64(`${secret}\n`), JSON.stringify({ a: secret })]
        const { text } = values(secret)(all.map((form) => `${before} ${form} ${after}`).join('\n'))
        expect(text).not.toContain(secret)
        expect(text).not.toContain(base64(secret).replace(/=+$/, ''))
      }),
    )
  })
})
