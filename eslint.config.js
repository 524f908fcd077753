import eslintConfigPrettier from 'eslint-config-prettier'
import tseslint from 'typescript-eslint'

const arrays = 'A shell would read what is pasted into it: give the arguments as an array (lab/host/run.ts).'

/** What runs a text by a shell, or makes a command of a text. */
const shells = [
  ...['node:child_process', 'child_process'].map((name) => ({
    name,
    importNames: ['exec', 'execSync', 'default'],
    message: arrays,
  })),
  { name: 'execa', allowImportNames: ['execa'], message: arrays },
  { name: 'zx', message: arrays },
]

const pasted = [
  { selector: 'Property[key.name="shell"]', message: arrays },
  // A tagged template of execa: `execa`…``, and of zx.
  { selector: 'TaggedTemplateExpression[tag.name=/^(\\$|execa)$/]', message: arrays },
  {
    selector:
      'Literal[value=/^-[a-z]*c$/] + :matches(TemplateLiteral[expressions.length>0], BinaryExpression[operator="+"])',
    message: 'A script is a constant: give values as its arguments, `sh -c SCRIPT sh VALUE`.',
  },
]

export default tseslint.config(
  { ignores: ['build/', 'dist/', 'coverage/', '.lab/', 'images/', 'examples/'] },
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers and booleans print unambiguously; only objects in templates are mistakes.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `() => effect()` reads better than a block where the value is void.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    // cdk8s constructs attach themselves to their scope: `new X(this, 'id')` alone is the idiom.
    files: ['constructs/**/*.ts', 'test/**/*.ts'],
    rules: { 'no-new': 'off' },
  },
  {
    // What specs, arguments and clusters say never becomes a text that a shell reads: commands are arrays, and a
    // script that runs in a pod or on a node takes values as its arguments, `sh -c SCRIPT sh VALUE`.
    files: ['lab/**/*.ts', 'constructs/**/*.ts', 'topology/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { paths: shells }],
      'no-restricted-syntax': ['error', ...pasted],
    },
  },
  eslintConfigPrettier,
)
