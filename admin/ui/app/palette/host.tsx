import { ActionIcon, Button, Kbd } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isApple } from '../shortcuts.tsx'

const Palette = lazy(async () => ({ default: (await import('./palette.tsx')).Palette }))

/** The key and the button that open the palette; its code comes when it is first asked for. */
export function PaletteHost() {
  const { t } = useTranslation()
  const [opened, setOpened] = useState(0)
  const open = () => setOpened((times) => times + 1)
  useHotkeys([['mod+K', open]], [], true)
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        fw={400}
        c="dimmed"
        visibleFrom="sm"
        leftSection={<IconSearch size={14} aria-hidden />}
        rightSection={<Kbd size="xs">{isApple ? '⌘ K' : 'Ctrl K'}</Kbd>}
        onClick={open}
      >
        {t('shell.search')}
      </Button>
      <ActionIcon variant="default" hiddenFrom="sm" aria-label={t('shell.search')} onClick={open}>
        <IconSearch size={16} />
      </ActionIcon>
      <Suspense>{opened > 0 && <Palette opened={opened} />}</Suspense>
    </>
  )
}
