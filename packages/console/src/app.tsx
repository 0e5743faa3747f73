/** The frame of every page: navigation, the switch between light and dark, and which page an address shows. */
import { useEffect, useRef } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { urlOf } from './api.ts';
import { useFetch } from './live.ts';
import { AuditPage } from './pages/audit.tsx';
import { CatalogPage } from './pages/catalog.tsx';
import { CredentialsPage } from './pages/credentials.tsx';
import { DeadLettersPage } from './pages/dead-letters.tsx';
import { ExecutionPage } from './pages/execution.tsx';
import { ExecutionsPage } from './pages/executions.tsx';
import { LoginPage } from './pages/login.tsx';
import { LoopPage } from './pages/loop.tsx';
import { PlaybookPage } from './pages/playbook.tsx';
import { SchedulesPage } from './pages/schedules.tsx';
import { TokensPage } from './pages/tokens.tsx';
import { WorkersPage } from './pages/workers.tsx';
import { CallerMark, isAdmin } from './parts/caller.tsx';
import { ThemeSwitch } from './parts/theme-switch.tsx';
import { useRefused } from './session.ts';

const PAGES = [
  ['/executions', 'Executions'],
  ['/catalog', 'Catalog'],
  ['/schedules', 'Schedules'],
  ['/workers', 'Workers'],
  ['/dead-letters', 'Dead letters'],
  ['/credentials', 'Credentials'],
] as const;

const ADMIN_PAGES = [
  ['/tokens', 'Tokens'],
  ['/audit', 'Audit'],
] as const;

export function App() {
  const refused = useRefused();
  // A sign-in begins everything anew: nothing of another caller stays on show.
  return refused ? <LoginPage /> : <Pages />;
}

function Pages() {
  const { data: caller } = useFetch(urlOf('/api/whoami', {}));
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    // Screen readers and keyboards go on at the new page, as after loading a document.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
    document.title = `${main.current?.querySelector('h1')?.textContent ?? 'Console'} – NoETL`;
  }, [location]);
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="top">
        <Link href="/" className="brand">
          NoETL
        </Link>
        <nav aria-label="Pages">
          {[...PAGES, ...(isAdmin(caller) ? ADMIN_PAGES : [])].map(([href, name]) => (
            <Link key={href} href={href} aria-current={isAt(location, href) ? 'page' : undefined}>
              {name}
            </Link>
          ))}
        </nav>
        <CallerMark caller={caller} />
        <ThemeSwitch />
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Switch>
          <Route path="/">{() => <ExecutionsPage />}</Route>
          <Route path="/executions">{() => <ExecutionsPage />}</Route>
          <Route path="/executions/:id">{({ id }) => <ExecutionPage key={id} id={id} />}</Route>
          <Route path="/executions/:id/loops/:step">
            {({ id, step }) => <LoopPage key={`${id} ${step}`} id={id} step={decodeURIComponent(step)} />}
          </Route>
          <Route path="/catalog">{() => <CatalogPage />}</Route>
          <Route path="/catalog/*">
            {({ '*': path }) => <PlaybookPage key={path} path={decodeURIComponent(path)} />}
          </Route>
          <Route path="/schedules">{() => <SchedulesPage />}</Route>
          <Route path="/workers">{() => <WorkersPage />}</Route>
          <Route path="/dead-letters">{() => <DeadLettersPage />}</Route>
          <Route path="/dead-letters/:id">{({ id }) => <DeadLettersPage key={id} id={id} />}</Route>
          <Route path="/credentials">{() => <CredentialsPage />}</Route>
          <Route path="/tokens">{() => <TokensPage />}</Route>
          <Route path="/audit">{() => <AuditPage />}</Route>
          <Route>{() => <h1>There is no such page</h1>}</Route>
        </Switch>
      </main>
    </>
  );
}

function isAt(location: string, href: string): boolean {
  return location.startsWith(href) || (location === '/' && href === '/executions');
}
