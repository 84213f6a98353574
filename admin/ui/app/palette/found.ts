import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, dataOf, type Schemas } from '../../api/client.ts'

export type Found = Schemas['Found']

/** Ids of calls, as the gateway gives them. */
const callId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** What was pasted as the id of a call: bare, as problems tell it (`urn:request:…`), or with blanks around. */
export function callIn(text: string): string | undefined {
  const bare = text.trim().replace(/^urn:request:/, '')
  return callId.test(bare) ? bare.toLowerCase() : undefined
}

const wholeSecret = /^(pg[a-z]_(?:live_|test_)?[0-9A-Za-z]{4})[0-9A-Za-z]{8,}$/

/** What may be asked for: of a whole key only what its hint shows too, as an address is no place for it. */
export const askable = (text: string) => text.trim().replace(wholeSecret, '$1')

/** What the text leads to; nothing where it is too short, or the id of a call. */
export function useFound(text: string, isAllowed: boolean): readonly Found[] {
  const asked = askable(text)
  const isAsked = isAllowed && asked.length >= 2 && callIn(text) === undefined
  const { data } = useQuery({
    queryKey: ['find', asked],
    queryFn: ({ signal }) => dataOf(api.GET('/api/find', { params: { query: { text: asked } }, signal })),
    enabled: isAsked,
    placeholderData: keepPreviousData,
  })
  return isAsked ? (data?.items ?? []) : []
}
