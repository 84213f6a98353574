import { Badge, Button, Drawer, Group, ScrollArea, Select, TextInput } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, dataOf } from '../api/client.ts'
import { DataList } from '../kit/data-list.tsx'
import { Page } from '../kit/page.tsx'
import { EmptyState } from '../kit/states.tsx'
import { exactTime } from '../kit/time.tsx'
import { Call } from './call.tsx'

export interface RequestsSearch {
  readonly range?: string
  readonly status?: string
  /** Request id of the call that is open. */
  readonly call?: string
}

const statuses = ['2xx', '3xx', '4xx', '5xx', 'none'] as const

/** Single calls: refusals and errors before all others, of these a choice. */
export function Requests() {
  const { t, i18n } = useTranslation('requests')
  const { partner } = useParams({ strict: false }) as { partner?: string }
  const search = useSearch({ strict: false }) as RequestsSearch
  const { range = '1h', status, call } = search
  const navigate = useNavigate()
  const show = (change: RequestsSearch) =>
    void navigate({ to: '.', search: { ...search, ...change } as never })
  const query = { range, limit: 200, ...(status && { status }) } as never
  const calls = useQuery({
    queryKey: ['requests', partner ?? '', query],
    queryFn: async () => {
      const { items } = await dataOf(
        partner === undefined
          ? api.GET('/api/requests', { params: { query } })
          : api.GET('/api/portal/{partner}/requests', { params: { path: { partner }, query } }),
      )
      return items
    },
    placeholderData: keepPreviousData,
    refetchInterval: 5_000,
  })
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 })
  return (
    <Page
      title={t('title')}
      description={t('description')}
      actions={
        <Button
          component="a"
          href={`/api/${partner === undefined ? '' : `portal/${encodeURIComponent(partner)}/`}requests.csv?range=${range}${status ? `&status=${status}` : ''}`}
          download
          variant="default"
        >
          {t('export')}
        </Button>
      }
    >
      <Group>
        <Select
          aria-label={t('range')}
          data={['15m', '1h', '6h', '24h', '7d'].map((value) => ({ value, label: value }))}
          value={range}
          onChange={(value) => value && show({ range: value })}
          allowDeselect={false}
          w={100}
        />
        <Select
          aria-label={t('status')}
          placeholder={t('anyStatus')}
          data={statuses.map((value) => ({ value, label: value === 'none' ? t('noAnswer') : value }))}
          value={status ?? null}
          onChange={(value) => show({ status: value ?? undefined } as RequestsSearch)}
          clearable
          clearButtonProps={{ 'aria-label': t('anyStatus') }}
          w={160}
        />
        <FindById onFind={(id) => show({ call: id })} />
      </Group>
      <ScrollArea>
        <DataList
          label={t('title')}
          query={calls}
          rows={calls.data ?? []}
          onOpen={({ id }) => show({ call: id })}
          columns={[
            {
              accessor: 'at',
              title: t('column.at'),
              noWrap: true,
              render: ({ at }) => exactTime(at, i18n.language),
            },
            {
              accessor: 'call',
              title: t('column.call'),
              render: ({ id, method, path }) => (
                <Button
                  variant="transparent"
                  size="compact-sm"
                  p={0}
                  ff="monospace"
                  fz="xs"
                  onClick={(event) => {
                    event.stopPropagation()
                    show({ call: id })
                  }}
                >
                  {`${method} ${path}`}
                </Button>
              ),
            },
            {
              accessor: 'status',
              title: t('column.status'),
              render: (one) => <Status status={one.status} />,
            },
            { accessor: 'problem', title: t('column.problem'), render: ({ problem }) => problem || '–' },
            {
              accessor: 'who',
              title: t('column.application'),
              render: ({ labels }) => labels.application || '–',
            },
            {
              accessor: 'ms',
              title: t('column.ms'),
              textAlign: 'right',
              render: ({ ms }) => number.format(ms),
            },
          ]}
          empty={<EmptyState title={t('empty.title')}>{t('empty.detail')}</EmptyState>}
        />
      </ScrollArea>
      <Drawer
        opened={call !== undefined}
        onClose={() => show({ call: undefined } as RequestsSearch)}
        title={t('one')}
        closeButtonProps={{ 'aria-label': t('common:action.close') }}
      >
        {call !== undefined && <Call id={call} partner={partner} />}
      </Drawer>
    </Page>
  )
}

function FindById({ onFind }: { readonly onFind: (id: string) => void }) {
  const { t } = useTranslation('requests')
  const [text, setText] = useState('')
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (text.trim()) onFind(text.trim().replace(/^urn:request:/, ''))
      }}
    >
      <TextInput
        aria-label={t('find')}
        placeholder={t('find')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        w={300}
        data-filter
      />
    </form>
  )
}

export function Status({ status }: { readonly status: number }) {
  const { t } = useTranslation('requests')
  const color = status === 0 || status >= 500 ? 'red' : status >= 400 ? 'orange' : 'green'
  return (
    <Badge variant="light" color={color} radius="sm" tt="none" className="numbers">
      {status === 0 ? t('noAnswer') : status}
    </Badge>
  )
}
