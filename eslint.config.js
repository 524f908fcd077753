import eslintConfigPrettier from 'eslint-config-prettier'
import tseslint from 'typescript-eslint'

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
  eslintConfigPrettier,
)
