import { Anchor, Button, Code, Drawer, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Copy } from '../../kit/copy.tsx'
import { DataList } from '../../kit/data-list.tsx'
import { DiffList } from '../../kit/diff-list.tsx'
import { differencesOf } from '../../kit/differences.ts'
import { Page } from '../../kit/page.tsx'
import { EmptyState } from '../../kit/states.tsx'
import { exactTime, RelativeTime } from '../../kit/time.tsx'
import { type AuditEntry, type AuditFilter, auditQuery, exportAudit } from './queries.ts'
import type { AuditSearch } from './routes.tsx'
import { Verdict } from './verdict.tsx'

const nouns = [
  ...['api', 'version', 'revision', 'upstream', 'plan', 'settings', 'snapshot'],
  ...['partner', 'application', 'subscription', 'credential', 'registration-token', 'token'],
  ...['authorization', 'sign-in', 'person', 'invitation', 'admin-token', 'signing-key', 'issuer'],
]

/** P18: who did what, on what, and whether anybody meddled with the record of it. */
export function Audit() {
  const { t } = useTranslation('audit')
  const navigate = useNavigate()
  const { entry: open, ...filter } = useSearch({ strict: false }) as AuditSearch
  const audit = useInfiniteQuery(auditQuery(filter))
  const rows = audit.data?.pages.flatMap(({ items }) => items) ?? []
  const nounOf = (noun: string) => t(`noun.${noun}`, { defaultValue: noun })
  const set = (change: Partial<AuditSearch>, replace = true) => {
    const next = Object.entries({ ...filter, entry: open, ...change }).filter(([, value]) => value)
    void navigate({ to: '.', search: Object.fromEntries(next), replace })
  }
  const opened = rows.find(({ id }) => id === open)
  return (
    <Page title={t('title')} description={t('description')} actions={<Export filter={filter} />}>
      <Verdict />
      <Group gap="sm" align="flex-end">
        <Select
          label={t('filter.noun')}
          placeholder={t('filter.any')}
          clearable
          clearButtonProps={{ 'aria-label': t('filter.clear') }}
          searchable
          value={filter.noun ?? null}
          data={nouns.map((value) => ({ value, label: nounOf(value) }))}
          onChange={(noun) => set({ noun: noun ?? '' })}
        />
        <IdFilter
          label={t('filter.subject')}
          value={filter.subject}
          onChange={(subject) => set({ subject })}
        />
        <IdFilter label={t('filter.actor')} value={filter.actor} onChange={(actor) => set({ actor })} />
      </Group>
      <DataList<AuditEntry>
        label={t('title')}
        query={audit}
        rows={rows}
        columns={[
          { accessor: 'at', title: t('field.at'), render: ({ at }) => <RelativeTime at={at} /> },
          { accessor: 'actor', title: t('field.actor'), render: ({ actor }) => <Code fz={12}>{actor}</Code> },
          {
            accessor: 'action',
            title: t('field.action'),
            render: (one) => (
              <Anchor
                component="button"
                type="button"
                fz="sm"
                ta="left"
                onClick={() => set({ entry: one.id }, false)}
              >
                {t('did', {
                  action: t(`action.${one.action}`, { defaultValue: one.action }),
                  noun: nounOf(one.noun),
                })}
              </Anchor>
            ),
          },
          {
            accessor: 'subject',
            title: t('field.subject'),
            render: ({ subject }) => <Code fz={12}>{subject}</Code>,
          },
        ]}
        empty={<EmptyState title={t('empty.title')}>{t('empty.detail')}</EmptyState>}
      />
      {audit.hasNextPage && (
        <Group justify="center">
          <Button
            variant="default"
            loading={audit.isFetchingNextPage}
            onClick={() => void audit.fetchNextPage()}
          >
            {t('more')}
          </Button>
        </Group>
      )}
      <Drawer
        opened={opened !== undefined}
        onClose={() => set({ entry: '' })}
        title={opened && t('entry', { noun: nounOf(opened.noun) })}
        closeButtonProps={{ 'aria-label': t('close') }}
      >
        {opened && <Entry entry={opened} onFilter={set} />}
      </Drawer>
    </Page>
  )
}

interface IdFilterProps {
  readonly label: string
  readonly value: string | undefined
  readonly onChange: (value: string) => void
}

/** Typed or pasted; asked for when the typing pauses. */
function IdFilter({ label, value = '', onChange }: IdFilterProps) {
  const [typed, setTyped] = useState(value)
  const [known, setKnown] = useState(value)
  const tell = useDebouncedCallback(onChange, 300)
  if (value !== known) {
    setKnown(value)
    setTyped(value)
  }
  return (
    <TextInput
      label={label}
      value={typed}
      onChange={({ currentTarget: { value: now } }) => {
        setTyped(now)
        tell(now.trim())
      }}
    />
  )
}

function Entry({
  entry,
  onFilter,
}: {
  readonly entry: AuditEntry
  readonly onFilter: (filter: AuditSearch) => void
}) {
  const { t, i18n } = useTranslation('audit')
  const facts = [
    ['at', exactTime(entry.at, i18n.language)],
    ['action', t(`action.${entry.action}`, { defaultValue: entry.action })],
    ['actor', <Copy key="actor" value={entry.actor} />],
    ['subject', <Copy key="subject" value={entry.subject} />],
    ['id', <Copy key="id" value={entry.id} />],
  ] as const
  return (
    <Stack gap="md">
      <Stack gap={6} component="dl" m={0}>
        {facts.map(([key, value]) => (
          <Group key={key} gap="sm" wrap="nowrap" align="flex-start">
            <Text component="dt" fz="xs" c="dimmed" w={90} pt={2}>
              {t(`field.${key}`)}
            </Text>
            <Text component="dd" fz="sm" m={0} style={{ overflowWrap: 'anywhere' }}>
              {value}
            </Text>
          </Group>
        ))}
      </Stack>
      <DiffList differences={differencesOf(entry.before ?? undefined, entry.after ?? undefined)} />
      <Group gap="xs">
        <Button variant="default" size="xs" onClick={() => onFilter({ subject: entry.subject, entry: '' })}>
          {t('allOfSubject')}
        </Button>
        <Button variant="default" size="xs" onClick={() => onFilter({ actor: entry.actor, entry: '' })}>
          {t('allOfActor')}
        </Button>
      </Group>
    </Stack>
  )
}

function Export({ filter }: { readonly filter: AuditFilter }) {
  const { t } = useTranslation('audit')
  const exporting = useMutation({ mutationFn: () => exportAudit(filter) })
  return (
    <>
      {exporting.data && (
        <Text fz="xs" c="dimmed" role="status">
          {t('exportCut')}
        </Text>
      )}
      <Button variant="default" size="xs" loading={exporting.isPending} onClick={() => exporting.mutate()}>
        {t('export')}
      </Button>
    </>
  )
}
