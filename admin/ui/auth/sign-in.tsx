import { Button, PasswordInput, Stack, TextInput, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'

export function SignIn() {
  const { t } = useTranslation('auth')
  return (
    <form method="post">
      <Stack>
        <Title order={1}>{t('signIn.title')}</Title>
        <TextInput label={t('field.email')} type="email" autoComplete="username" required />
        <PasswordInput label={t('field.password')} autoComplete="current-password" required />
        <Button type="submit">{t('signIn.submit')}</Button>
      </Stack>
    </form>
  )
}
