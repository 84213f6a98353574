import { Anchor, Button, Card, Code, Group, List, Stack, Text, Title } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Copy } from '../kit/copy.tsx'
import { Page } from '../kit/page.tsx'
import { Markdown } from './markdown.tsx'
import { type Documentation, indexQuery, useSource } from './source.tsx'

/** What a version is for, where it is, and how a call proves who it comes from. */
export function Overview() {
  const { t } = useTranslation('docs')
  const source = useSource()
  const { data } = useQuery(indexQuery(source))
  if (!data) return null
  return (
    <Page
      title={`${data.api.title} ${data.version.name}`}
      description={t('edition', { version: data.documentVersion || '–', revision: data.revision })}
      actions={<Downloads documentation={data} />}
    >
      <Markdown text={data.description} />
      <Calling documentation={data} />
      <Tags documentation={data} />
      <Contact documentation={data} />
    </Page>
  )
}

function Downloads({ documentation: { api, version } }: { readonly documentation: Documentation }) {
  const { t } = useTranslation('docs')
  const { fileUrl } = useSource()
  return (['openapi', 'postman'] as const).map((form) => (
    <Button
      key={form}
      component="a"
      variant="default"
      size="xs"
      href={fileUrl(form)}
      download={`${api.name}-${version.name}.${form}.json`}
      leftSection={<IconDownload size={14} aria-hidden />}
    >
      {t(`download.${form}`)}
    </Button>
  ))
}

function Calling({ documentation }: { readonly documentation: Documentation }) {
  const { t } = useTranslation('docs')
  const { serverUrl, tokenUrl, headers } = documentation
  return (
    <Card withBorder padding="md">
      <Title order={2} mb="xs">
        {t('calling.title')}
      </Title>
      <Stack gap="xs">
        <Line label={t('calling.server')}>
          <Copy value={serverUrl} />
        </Line>
        <Line label={t('calling.key')}>
          <Code>{'X-API-Key: <key>'}</Code>
        </Line>
        <Line label={t('calling.token')}>
          <Code>{'Authorization: Bearer <token>'}</Code>
        </Line>
        <Line label={t('calling.tokenUrl')}>
          <Copy value={tokenUrl} />
        </Line>
        {headers.map(({ name, value }) => (
          <Line key={name} label={t('calling.header')}>
            <Copy value={`${name}: ${value}`} />
          </Line>
        ))}
      </Stack>
    </Card>
  )
}

function Line({ label, children }: { readonly label: string; readonly children: React.ReactNode }) {
  return (
    <Group gap="xs" wrap="wrap">
      <Text c="dimmed" fz="sm" w={150}>
        {label}
      </Text>
      {children}
    </Group>
  )
}

function Tags({ documentation: { tags } }: { readonly documentation: Documentation }) {
  const { t } = useTranslation('docs')
  const told = tags.filter(({ description }) => description !== '')
  if (told.length === 0) return null
  return (
    <section>
      <Title order={2} mb="xs">
        {t('parts')}
      </Title>
      <List spacing="xs" listStyleType="none">
        {told.map(({ name, description }) => (
          <List.Item key={name}>
            <Text fw={600} fz="sm">
              {name}
            </Text>
            <Markdown text={description} isSmall />
          </List.Item>
        ))}
      </List>
    </section>
  )
}

function Contact({ documentation: { contact, license } }: { readonly documentation: Documentation }) {
  const { t } = useTranslation('docs')
  const href = contact.email ? `mailto:${contact.email}` : /^https?:/.test(contact.url) ? contact.url : ''
  if (!href && !license.name) return null
  return (
    <Text fz="sm" c="dimmed">
      {href && (
        <Anchor href={href} target="_blank" rel="noreferrer noopener" fz="sm" underline="always">
          {contact.name || contact.email || contact.url}
        </Anchor>
      )}
      {href && license.name && ' · '}
      {license.name && t('license', { name: license.name })}
    </Text>
  )
}
