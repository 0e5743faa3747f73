/** Light, dark, or as the system is; remembered in this browser. */
import { useEffect, useState } from 'react';

const THEMES = ['auto', 'light', 'dark'] as const;
const KEY = 'noetl-theme';

export function ThemeSwitch() {
  const [theme, setTheme] = useState(() => localStorage.getItem(KEY) ?? 'auto');
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    localStorage.setItem(KEY, theme);
  }, [theme]);
  return (
    <label className="theme">
      <span className="hidden">Colours</span>
      <select value={theme} onChange={(event) => setTheme(event.target.value)}>
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {name === 'auto' ? 'System colours' : name === 'light' ? 'Light' : 'Dark'}
          </option>
        ))}
      </select>
    </label>
  );
}
