import { type CSSVariablesResolver, createTheme, DEFAULT_THEME, type MantineColorsTuple } from '@mantine/core'

/**
 * Looks. One accent, neutral greys, colour for states only. The darker texts and the attributes of dialogs are what it
 * takes for every screen to pass WCAG 2.2 AA with Mantine's palette.
 */
export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: 8,
  autoContrast: true,
  defaultRadius: 6,
  cursorType: 'pointer',
  respectReducedMotion: true, // who asked for less motion gets dialogs at once
  fontFamily:
    '"Inter Variable", "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", system-ui, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono Variable", ui-monospace, monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '18px' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '22px', lineHeight: '1.35' },
      h2: { fontSize: '16px', lineHeight: '1.4' },
      h3: { fontSize: '14px', lineHeight: '1.45' },
    },
  },
  // Plain values: importing the components here would have every page load them.
  components: {
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    // The dialog itself is the landmark; its header would be a second banner of the page.
    Modal: {
      defaultProps: { attributes: { header: { role: 'presentation' } }, centered: true },
    },
    Drawer: {
      defaultProps: { attributes: { header: { role: 'presentation' } }, position: 'right', size: 'lg' },
    },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
    Table: { defaultProps: { verticalSpacing: 'xs', horizontalSpacing: 'sm', fz: 'sm' } },
  },
})

const mixed = (color: MantineColorsTuple) => `color-mix(in srgb, ${color[9]} 72%, black)`

export const cssVariables: CSSVariablesResolver = () => {
  const light: Record<string, string> = {
    '--mantine-color-dimmed': DEFAULT_THEME.colors.gray[7],
    '--mantine-color-placeholder': DEFAULT_THEME.colors.gray[7],
    '--mantine-color-error': mixed(DEFAULT_THEME.colors.red),
  }
  const dark: Record<string, string> = {
    '--mantine-color-dimmed': DEFAULT_THEME.colors.dark[1],
    '--mantine-color-placeholder': DEFAULT_THEME.colors.dark[1],
    '--mantine-color-error': DEFAULT_THEME.colors.red[4],
  }
  for (const [name, shades] of Object.entries(DEFAULT_THEME.colors)) {
    light[`--mantine-color-${name}-light-color`] = mixed(shades)
    dark[`--mantine-color-${name}-light-color`] = shades[2]
  }
  const filled = { '--mantine-color-red-filled': DEFAULT_THEME.colors.red[9] }
  return { variables: {}, light: { ...light, ...filled }, dark: { ...dark, ...filled } }
}
