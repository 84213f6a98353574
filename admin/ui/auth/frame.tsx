import { Center, Paper, Stack, Text } from '@mantine/core'
import { Outlet } from '@tanstack/react-router'
import { Suspense } from 'react'
import { useTranslation } from 'react-i18next'

export function Frame() {
  const { t } = useTranslation()
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack w="100%" maw={400}>
        <Text fw={600} ta="center">
          {t('shell.name')}
        </Text>
        <Paper withBorder p="xl">
          <Suspense>
            <Outlet />
          </Suspense>
        </Paper>
      </Stack>
    </Center>
  )
}
