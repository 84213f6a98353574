import 'mantine-datatable/styles.layer.css'
import { Box, Card, Skeleton, Stack, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { UseQueryResult } from '@tanstack/react-query'
import { DataTable, type DataTableColumn } from 'mantine-datatable'
import type { ReactNode } from 'react'
import { Delayed, ErrorState } from './states.tsx'

interface DataListProps<T> {
  /** Of the whole, for who does not see it. */
  readonly label: string
  readonly query: Pick<UseQueryResult, 'isPending' | 'error' | 'refetch' | 'data'>
  readonly rows: readonly T[]
  readonly columns: DataTableColumn<T>[]
  readonly empty: ReactNode
  readonly idOf?: (row: T) => string
  readonly onOpen?: (row: T) => void
}

/** A list of records: a table, and where there is no room for one, cards. */
export function DataList<T extends object>(props: DataListProps<T>) {
  const isNarrow = useMediaQuery('(max-width: 48em)')
  const { query, rows, empty } = props
  // What was shown stays while it is asked for anew, also where that fails.
  if (query.error && query.data === undefined)
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  if (query.isPending)
    return (
      <Delayed>
        <Stack gap="xs" aria-busy>
          {[0, 1, 2, 3, 4].map((line) => (
            <Skeleton key={line} height={36} />
          ))}
        </Stack>
      </Delayed>
    )
  if (rows.length === 0) return empty
  return isNarrow ? <Cards {...props} /> : <Rows {...props} />
}

const idOfRecord = (row: object) => String((row as { id: unknown }).id)

function Rows<T extends object>({ label, rows, columns, idOf = idOfRecord, onOpen }: DataListProps<T>) {
  return (
    <DataTable
      aria-label={label}
      records={[...rows]}
      columns={columns}
      idAccessor={idOf}
      highlightOnHover={onOpen !== undefined}
      withTableBorder
      borderRadius="sm"
      verticalSpacing={8}
      fz="sm"
      {...(onOpen && { onRowClick: ({ record }: { record: T }) => onOpen(record) })}
    />
  )
}

function Cards<T extends object>({ label, rows, columns, idOf = idOfRecord, onOpen }: DataListProps<T>) {
  return (
    <Stack gap="xs" component="ul" aria-label={label} p={0} m={0}>
      {rows.map((row, index) => (
        <Card key={idOf(row)} component="li" withBorder p="sm" onClick={onOpen && (() => onOpen(row))}>
          {columns.map((column) => (
            <Box
              key={String(column.accessor)}
              display="flex"
              style={{ justifyContent: 'space-between', gap: 12 }}
            >
              <Text fz="xs" c="dimmed">
                {column.title as ReactNode}
              </Text>
              <Text fz="sm" component="div" ta="right">
                {column.render
                  ? column.render(row, index)
                  : ((row as Record<string, unknown>)[String(column.accessor)] as ReactNode)}
              </Text>
            </Box>
          ))}
        </Card>
      ))}
    </Stack>
  )
}
