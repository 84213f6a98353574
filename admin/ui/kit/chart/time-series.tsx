import 'uplot/dist/uPlot.min.css'
import { Button, Group, Table, Text, Title, useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import UPlot from 'uplot'
import classes from './time-series.module.css'

export interface Line {
  readonly label: string
  /** By step; `null`: nothing is known. */
  readonly values: readonly (number | null)[]
}

interface TimeSeriesProps {
  readonly title: string
  /** Begin of each step, in ms since the epoch. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  readonly format: (value: number) => string
  /** Charts that share it share the cursor. */
  readonly group: string
  readonly onZoom?: (fromMs: number, toMs: number) => void
}

/** Told apart by colour-blind people, and by their dashes. */
const colors = {
  light: ['#364fc7', '#c2255c', '#0b7285', '#e8590c', '#5c940d'],
  dark: ['#91a7ff', '#faa2c1', '#66d9e8', '#ffc078', '#c0eb75'],
} as const
const dashes = [[], [6, 3], [2, 3], [8, 3, 2, 3], [1, 4]]
const height = 180

/** Numbers over time: as lines, in words, and on wish as a table. */
export function TimeSeries(props: TimeSeriesProps) {
  const { title, times, lines, format, group, onZoom } = props
  const { t, i18n } = useTranslation()
  const scheme = useComputedColorScheme('light')
  const { ref: box, width } = useElementSize()
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<UPlot | null>(null)
  const [isTable, setTable] = useState(false)
  const zoom = useRef(onZoom)
  zoom.current = onZoom
  const shape = lines.map(({ label }) => label).join('\n')

  // biome-ignore lint/correctness/useExhaustiveDependencies: data goes in by setData, or each second made a new chart.
  useEffect(() => {
    if (!place.current || width === 0 || isTable) return
    const grey = scheme === 'dark' ? '#868e96' : '#495057'
    const grid = { stroke: scheme === 'dark' ? '#2e2e2e' : '#e9ecef', width: 1 }
    const font = '12px "Inter Variable", sans-serif'
    const made = new UPlot(
      {
        width,
        height,
        legend: { show: false },
        cursor: { sync: { key: group }, drag: { x: true, y: false, setScale: false } },
        series: [
          {},
          ...lines.map(({ label }, i) => ({
            label,
            stroke: colors[scheme][i % 5]!,
            width: 1.5,
            dash: dashes[i % 5]!,
            spanGaps: false,
            points: { show: false },
          })),
        ],
        axes: [
          { stroke: grey, grid, ticks: grid, font },
          {
            stroke: grey,
            grid,
            ticks: grid,
            font,
            size: 64,
            values: (_, values) => values.map((v) => format(v)),
          },
        ],
        scales: { y: { range: (_, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
        hooks: {
          setSelect: [
            (plot) => {
              const { left, width: wide } = plot.select
              if (wide < 5) return
              const at = (x: number) => Math.round(plot.posToVal(x, 'x') * 1000)
              plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
              zoom.current?.(at(left), at(left + wide))
            },
          ],
        },
      },
      dataOf(times, lines),
      place.current,
    )
    chart.current = made
    return () => {
      made.destroy()
      chart.current = null
    }
  }, [width, scheme, isTable, group, shape])

  useEffect(() => chart.current?.setData(dataOf(times, lines)), [times, lines])

  return (
    <section ref={box} aria-label={title} className={classes.box}>
      <Group justify="space-between" mb={4}>
        <Title order={2} fz="sm">
          {title}
        </Title>
        <Button size="compact-xs" variant="subtle" onClick={() => setTable(!isTable)}>
          {t(isTable ? 'chart.asLines' : 'chart.asTable')}
        </Button>
      </Group>
      {isTable ? (
        <AsTable times={times} lines={lines} format={format} language={i18n.language} />
      ) : (
        <div
          ref={place}
          role="img"
          aria-label={[title, inWords(lines, format)].filter(Boolean).join(': ')}
          className={classes.plot}
        />
      )}
      <Group gap="md" mt={4}>
        {lines.map(({ label, values }, i) => (
          <Group key={label} gap={6} wrap="nowrap">
            <svg width="18" height="8" aria-hidden="true">
              <line
                x1="0"
                y1="4"
                x2="18"
                y2="4"
                stroke={colors[scheme][i % 5]}
                strokeWidth="2"
                strokeDasharray={dashes[i % 5]!.join(' ')}
              />
            </svg>
            <Text fz="xs" c="dimmed" className="numbers">
              {`${label} ${shown(last(values), format)}`}
            </Text>
          </Group>
        ))}
      </Group>
    </section>
  )
}

const dataOf = (times: readonly number[], lines: readonly Line[]): UPlot.AlignedData =>
  [times.map((at) => at / 1000), ...lines.map(({ values }) => [...values])] as UPlot.AlignedData

const last = (values: readonly (number | null)[]) => values.findLast((one) => one !== null) ?? null
const shown = (value: number | null, format: (value: number) => string) =>
  value === null ? '–' : format(value)

const inWords = (lines: readonly Line[], format: (value: number) => string) =>
  lines.map(({ label, values }) => `${label} ${shown(last(values), format)}`).join(', ')

interface AsTableProps extends Pick<TimeSeriesProps, 'times' | 'lines' | 'format'> {
  readonly language: string
}

function AsTable({ times, lines, format, language }: AsTableProps) {
  const { t } = useTranslation()
  const time = new Intl.DateTimeFormat(language, { timeStyle: 'medium', dateStyle: 'short' })
  const steps = times.map((_, i) => i).filter((i) => lines.some(({ values }) => values[i] !== null))
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section className={classes.table} tabIndex={0} aria-label={t('chart.asTable')}>
      <Table stickyHeader>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('chart.time')}</Table.Th>
            {lines.map(({ label }) => (
              <Table.Th key={label} ta="right">
                {label}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {steps.reverse().map((i) => (
            <Table.Tr key={times[i]}>
              <Table.Td>{time.format(times[i])}</Table.Td>
              {lines.map(({ label, values }) => (
                <Table.Td key={label} ta="right">
                  {shown(values[i] ?? null, format)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  )
}
