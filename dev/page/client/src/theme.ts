// A theme of Mattermost's, as the CSS variables that plugins are drawn with.

import { getTheme, type Theme } from 'mattermost-redux/selectors/entities/preferences';
import { useLayoutEffect } from 'react';
import { useView } from './store';

const odd: Record<string, string> = { errorTextColor: 'error-text', sidebarTeamBarBg: 'sidebar-teambar-bg' };
const nameOf = (key: string) => `--${odd[key] ?? key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
const triple = (hex: string) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)).join(', ');

const fixed = {
  '--semantic-color-info': '93, 137, 234',
  '--semantic-color-success': '61, 184, 135',
  '--semantic-color-warning': '245, 171, 0',
  '--semantic-color-danger': '210, 75, 78',
  '--elevation-4': '0 8px 24px rgba(0, 0, 0, 0.12)',
};

function variablesOf(theme: Theme): Record<string, string> {
  const all: Record<string, string> = { ...fixed };
  for (const [key, value] of Object.entries(theme)) {
    if (!value || !/^#[0-9a-f]{6}$/i.test(value)) continue;
    all[nameOf(key)] = value;
    all[key === 'errorTextColor' ? '--error-text-color-rgb' : `${nameOf(key)}-rgb`] = triple(value);
  }
  return all;
}

export function useTheme(): Theme {
  const theme = useView(getTheme);
  useLayoutEffect(() => {
    const { style } = document.documentElement;
    for (const [name, value] of Object.entries(variablesOf(theme))) style.setProperty(name, value);
    const light = triple(theme.centerChannelBg!).split(', ').reduce((sum, part) => sum + Number(part), 0);
    style.setProperty('color-scheme', light < 384 ? 'dark' : 'light');
  }, [theme]);
  return theme;
}
