import { Kbd, Modal, Table, Text } from '@mantine/core'
import { useHotkeys, useWindowEvent } from '@mantine/hooks'
import { useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { usePlaces } from './palette/places.ts'

const patienceMs = 1_200

/** Keys that work on every screen, and the list of them. */
export function Shortcuts() {
  const { t } = useTranslation()
  const places = usePlaces().filter(({ letter }) => letter !== undefined)
  const [isShown, setShown] = useState(false)
  useGoKeys(new Map(places.map(({ letter, to }) => [letter, to])))
  useHotkeys([
    ['shift+?', () => setShown(true)],
    ['?', () => setShown(true)],
    ['/', focusFilter],
  ])
  const lines = [
    { keys: [isApple ? '⌘' : 'Ctrl', 'K'], does: t('shell.search') },
    { keys: ['/'], does: t('shortcut.filter') },
    { keys: ['?'], does: t('shortcut.title') },
    ...places.map(({ letter, title }) => ({ keys: ['g', letter], does: title })),
  ]
  return (
    <Modal opened={isShown} onClose={() => setShown(false)} title={t('shortcut.title')} size="sm">
      <Table>
        <Table.Tbody>
          {lines.map(({ keys, does }) => (
            <Table.Tr key={does}>
              <Table.Td>
                <Text fz="sm">{does}</Text>
              </Table.Td>
              <Table.Td ta="right">
                {keys.map((key) => (
                  <Kbd key={key} ml={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  )
}

/** `g`, and within a moment the letter of a screen. */
function useGoKeys(places: ReadonlyMap<string | undefined, string>): void {
  const navigate = useNavigate()
  const begunAt = useRef(0)
  useWindowEvent('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    const isSecond = event.timeStamp - begunAt.current < patienceMs
    begunAt.current = event.key === 'g' && !isSecond ? event.timeStamp : 0
    const to = isSecond ? places.get(event.key) : undefined
    if (to !== undefined) void navigate({ to })
  })
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))

/** The field that narrows what the screen shows, where it has one. */
function focusFilter(): void {
  document.querySelector<HTMLInputElement>('main input[type=search], main [data-filter]')?.focus()
}

export const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent)
