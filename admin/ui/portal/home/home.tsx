import { useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Page } from '../../kit/page.tsx'

export function Home() {
  const { t } = useTranslation('portal')
  const { partner } = useParams({ strict: false })
  return <Page title={t('home.title')}>{partner}</Page>
}
