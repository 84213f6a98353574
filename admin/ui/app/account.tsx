import { ActionIcon, Menu, useMantineColorScheme } from '@mantine/core'
import { IconCheck, IconDeviceDesktop, IconLogout, IconMoon, IconSun, IconUser } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useSignOut } from './sign-out.ts'
import { changeLanguage, type Language, languages } from './texts.ts'

const names: Record<Language, string> = { en: 'English', 'zh-CN': '简体中文' }
const schemes = { light: IconSun, dark: IconMoon, auto: IconDeviceDesktop } as const

/** Language and colours. */
export function Account() {
  const { t, i18n } = useTranslation()
  const signOut = useSignOut()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="default" aria-label={t('shell.account')}>
          <IconUser size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('shell.language')}</Menu.Label>
        {languages.map((language) => (
          <Menu.Item
            key={language}
            lang={language}
            rightSection={i18n.language === language && <IconCheck size={14} aria-hidden />}
            onClick={() => void changeLanguage(language)}
          >
            {names[language]}
          </Menu.Item>
        ))}
        <Menu.Label>{t('shell.theme')}</Menu.Label>
        {Object.entries(schemes).map(([scheme, Icon]) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon size={14} aria-hidden />}
            rightSection={colorScheme === scheme && <IconCheck size={14} aria-hidden />}
            onClick={() => setColorScheme(scheme as keyof typeof schemes)}
          >
            {t(`theme.${scheme}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={14} aria-hidden />} onClick={() => void signOut()}>
          {t('shell.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
