import { Group, Stack, Table, Tabs, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { CodeBlock } from '../kit/code-block.tsx'
import { Copy } from '../kit/copy.tsx'
import type { TryAnswer } from './source.tsx'
import { StatusCode } from './status-code.tsx'
import tabs from './tabs.module.css'

/** What came back: how it went at a glance, then the body and the headers. */
export function Answer({ answer }: { readonly answer: TryAnswer }) {
  const { t, i18n } = useTranslation('docs')
  const ms = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 0 }).format(answer.totalMs)
  return (
    <Stack gap="xs">
      <Group gap="md">
        <Text fw={600} fz="lg" component="span" data-testid="answer-status">
          <StatusCode status={answer.status} />
        </Text>
        <Text fz="sm" c="dimmed" className="numbers">
          {t('answer.took', { ms })}
        </Text>
        {answer.requestId && (
          <Group gap={4} component="span">
            <Text fz="sm" c="dimmed" component="span">
              {t('answer.request')}
            </Text>
            <Copy value={answer.requestId} />
          </Group>
        )}
      </Group>
      <Tabs defaultValue="body" keepMounted={false}>
        <Tabs.List mb="xs" className={tabs.list}>
          <Tabs.Tab value="body">{t('answer.body')}</Tabs.Tab>
          <Tabs.Tab value="headers">{t('answer.headers', { count: answer.headers.length })}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="body">
          {answer.isCut && (
            <Text fz="sm" c="dimmed" mb={4}>
              {t('answer.cut')}
            </Text>
          )}
          {answer.body === '' ? (
            <Text fz="sm" c="dimmed">
              {t('answer.empty')}
            </Text>
          ) : (
            <CodeBlock label={typeOf(answer)} code={answer.isBase64 ? answer.body : readable(answer.body)} />
          )}
        </Tabs.Panel>
        <Tabs.Panel value="headers">
          <Table layout="auto">
            <Table.Tbody>
              {answer.headers.map(({ name, value }, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a header may come twice, and none moves.
                <Table.Tr key={i}>
                  <Table.Th scope="row" ff="monospace" fz="xs">
                    {name}
                  </Table.Th>
                  <Table.Td ff="monospace" fz="xs" style={{ overflowWrap: 'anywhere' }}>
                    {value}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Tabs.Panel>
      </Tabs>
    </Stack>
  )
}

const typeOf = ({ headers, isBase64 }: TryAnswer) =>
  (headers.find(({ name }) => name === 'content-type')?.value ?? '–') + (isBase64 ? ' · base64' : '')

function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}
