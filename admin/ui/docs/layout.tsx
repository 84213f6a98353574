import { Box, Button, Drawer } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconList } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Outlet, useLocation } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Delayed, ErrorState } from '../kit/states.tsx'
import classes from './layout.module.css'
import { OperationList } from './operation-list.tsx'
import { DocsSkeleton } from './skeleton.tsx'
import { indexQuery, type Source, SourceProvider } from './source.tsx'

/** The pages of a version: on the left what there is, on the right what one looks at. */
export function DocsLayout({ source }: { readonly source: Source }) {
  const { t } = useTranslation('docs')
  const index = useQuery(indexQuery(source))
  const [isOpen, { open, close }] = useDisclosure()
  const { pathname } = useLocation()
  // biome-ignore lint/correctness/useExhaustiveDependencies: who has gone somewhere has chosen.
  useEffect(close, [pathname])
  if (index.isPending)
    return (
      <Delayed>
        <DocsSkeleton />
      </Delayed>
    )
  if (!index.data) return <ErrorState error={index.error} onRetry={() => void index.refetch()} />
  const list = <OperationList documentation={index.data} />
  return (
    <SourceProvider value={source}>
      <div className={classes.columns}>
        <Box className={classes.side} visibleFrom="md">
          {list}
        </Box>
        <div className={classes.content}>
          <Button
            hiddenFrom="md"
            variant="default"
            mb="sm"
            leftSection={<IconList size={16} aria-hidden />}
            onClick={open}
          >
            {t('operations', { count: index.data.operations.length })}
          </Button>
          <Outlet />
        </div>
      </div>
      <Drawer
        opened={isOpen}
        onClose={close}
        position="left"
        title={t('operations', { count: index.data.operations.length })}
        closeButtonProps={{ 'aria-label': t('close') }}
      >
        {list}
      </Drawer>
    </SourceProvider>
  )
}
