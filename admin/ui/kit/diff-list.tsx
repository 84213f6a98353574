import { Code, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import classes from './diff-list.module.css'
import { type Difference, shownValue } from './differences.ts'

/** What was and what is instead, place by place; told by signs and words, not by colour alone. */
export function DiffList({ differences }: { readonly differences: readonly Difference[] }) {
  const { t } = useTranslation('change')
  if (differences.length === 0)
    return (
      <Text fz="sm" c="dimmed">
        {t('none')}
      </Text>
    )
  return (
    <ul className={classes.list}>
      {differences.map(({ path, before, after }) => (
        <li key={path} className={classes.one}>
          <Code className={classes.path}>{path || t('whole')}</Code>
          {before !== undefined && (
            <Value sign="−" label={t('before')} value={before} tone={classes.before} />
          )}
          {after !== undefined && <Value sign="+" label={t('after')} value={after} tone={classes.after} />}
        </li>
      ))}
    </ul>
  )
}

interface ValueProps {
  readonly sign: string
  readonly label: string
  readonly value: unknown
  readonly tone: string | undefined
}

function Value({ sign, label, value, tone }: ValueProps) {
  return (
    <div className={`${classes.value} ${tone}`}>
      <span aria-hidden>{sign}</span>
      <span className={classes.spoken}>{label}</span>
      <span className={classes.text}>{shownValue(value)}</span>
    </div>
  )
}
