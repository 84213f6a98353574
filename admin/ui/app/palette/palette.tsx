import '@mantine/spotlight/styles.layer.css'
import { Kbd } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { Spotlight, spotlight } from '@mantine/spotlight'
import { IconArrowRight, IconListSearch, IconSearch } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { maySee } from '../navigation.ts'
import { useSession } from '../use-session.ts'
import { addressOf, addressOfCall } from './addresses.ts'
import { callIn, useFound } from './found.ts'
import styles from './palette.module.css'
import { type Place, usePlaces } from './places.ts'

interface Choice {
  readonly key: string
  readonly to: string
  readonly title: string
  readonly detail: string
  readonly letter?: string | undefined
  readonly icon: Place['icon']
}

/** Leads anywhere by a few letters, and from whatever id somebody has in hand to the thing itself. */
export function Palette({ opened }: { readonly opened: number }) {
  const { t } = useTranslation('palette')
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const choices = useChoices(text)
  // biome-ignore lint/correctness/useExhaustiveDependencies: each time that it was asked for, it opens.
  useEffect(spotlight.open, [opened])
  return (
    <Spotlight.Root
      query={text}
      onQueryChange={setText}
      shortcut={null}
      scrollable
      maxHeight={420}
      radius="md"
      overlayProps={{ blur: 0 }}
      transitionProps={{ duration: 100 }}
      centered={false}
      attributes={{ content: { 'aria-label': t('title') } }}
    >
      <Spotlight.Search
        size="md"
        className={styles.search}
        placeholder={t('placeholder')}
        aria-label={t('title')}
        leftSection={<IconSearch size={18} stroke={1.6} aria-hidden />}
      />
      <Spotlight.ActionsList className={styles.choices}>
        {choices.map(({ key, to, title, detail, letter, icon: Icon }, index) => (
          <Spotlight.Action
            key={key}
            // What is found comes later than the letters do: the first of it is chosen, so that Enter goes there.
            data-selected={index === 0 || undefined}
            label={title}
            description={detail}
            leftSection={<Icon size={18} stroke={1.6} aria-hidden />}
            rightSection={letter && <Kbd size="xs">{`g ${letter}`}</Kbd>}
            onClick={() => void navigate({ to })}
          />
        ))}
        {choices.length === 0 && <Spotlight.Empty>{t('nothing')}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  )
}

function useChoices(text: string): Choice[] {
  const { t } = useTranslation('palette')
  const session = useSession()
  const [settled] = useDebouncedValue(text, 120)
  const found = useFound(settled, maySee(session.permissions, 'read'))
  const places = usePlaces()
  const wanted = text.trim().toLowerCase()
  const call = callIn(text)
  return [
    ...(call
      ? [{ key: call, to: addressOfCall(call), title: t('call'), detail: call, icon: IconListSearch }]
      : []),
    ...places
      .filter(({ title, where }) => `${title} ${where}`.toLowerCase().includes(wanted))
      .map(({ to, title, where, icon, letter }) => ({ key: to, to, title, detail: where, icon, letter })),
    ...found.flatMap((one) => {
      const to = addressOf(one)
      if (to === undefined) return []
      const detail = `${t(`kind.${one.kind}`)} · ${one.id}`
      return [{ key: one.id, to, title: one.title || one.id, detail, icon: IconArrowRight }]
    }),
  ]
}
