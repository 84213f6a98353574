import { useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { type Entry, maySee, platformEntries, portalEntries, worksForPlatform } from '../navigation.ts'
import { useSession } from '../use-session.ts'

/** A screen that the person may open. */
export interface Place {
  readonly to: string
  readonly title: string
  /** The workspace, where it is another than the present one. */
  readonly where: string
  readonly icon: Entry['icon']
  /** `g` and then this letter leads there. */
  readonly letter: string | undefined
}

/** Every screen of every workspace that the person may open; those of the present one come first. */
export function usePlaces(): Place[] {
  const { t } = useTranslation()
  const session = useSession()
  const { partner } = useParams({ strict: false })
  const workspaces = [
    ...(worksForPlatform(session)
      ? [{ base: '', name: '', title: t('shell.platform'), permissions: session.permissions }]
      : []),
    ...session.partners.map(({ name, title, permissions }) => ({
      base: `/portal/${name}`,
      name,
      title,
      permissions,
    })),
  ]
  const isHere = ({ name }: { name: string }) => name === (partner ?? '')
  return workspaces
    .toSorted((a, b) => Number(isHere(b)) - Number(isHere(a)))
    .flatMap((workspace) =>
      (workspace.name === '' ? platformEntries : portalEntries)
        .filter(({ needs }) => maySee(workspace.permissions, needs))
        .map((entry) => ({
          to: workspace.base + entry.to,
          title: t(`nav.${entry.key}`),
          where: isHere(workspace) ? '' : workspace.title,
          icon: entry.icon,
          letter: isHere(workspace) ? entry.letter : undefined,
        })),
    )
}
