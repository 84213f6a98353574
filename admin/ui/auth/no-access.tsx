import { Button, Stack, Text, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useSignOut } from '../app/sign-out.ts'

/** For who has an account and no place in it yet. */
export function NoAccess() {
  const { t } = useTranslation('auth')
  const signOut = useSignOut()
  return (
    <Stack>
      <Title order={1}>{t('noAccess.title')}</Title>
      <Text fz="sm">{t('noAccess.hint')}</Text>
      <Button variant="default" onClick={signOut}>
        {t('common:shell.signOut')}
      </Button>
    </Stack>
  )
}
