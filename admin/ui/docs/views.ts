const views = ['reference', 'try', 'code', 'classic'] as const
export type View = (typeof views)[number]

/** How an operation is looked at: part of its address. */
export const allViews: readonly View[] = views
export const viewOf = (text: unknown): View | undefined => views.find((view) => view === text)
