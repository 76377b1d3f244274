/** What the live page's server answers: one table, in which each thing that is served has its line. */
import { controlRoutes } from './control-routes.ts';
import type { EventStream } from './event-stream.ts';
import { Refused } from './guard.ts';
import { hostQuery } from './host-query.ts';
import { metricsOf } from './metrics/metrics.ts';
import { livePage } from './page/live-page.ts';
import { reply, replyJson } from './replies.ts';
import type { Route } from './route.ts';
import type { Watched } from './watch/served-state.ts';

export function routesOf(watched: Watched, events: EventStream): readonly Route[] {
  const metrics = metricsOf(watched);
  return [
    get('/', async ({ response }) => {
      const { text, policy } = await livePage();
      reply(response, 200, 'text/html; charset=utf-8', text, policy);
    }),
    get('/favicon.ico', ({ response }) => reply(response, 204, 'text/plain', '')),
    get('/state.json', ({ response }) => replyJson(response, watched.state())),
    get('/history.json', ({ response }) => replyJson(response, watched.history())),
    get('/hosts.json', ({ response, search }) => replyJson(response, watched.hosts(hostQuery(search)))),
    get('/metrics', async ({ request, response }) => {
      const { type, text } = await metrics(request.headers.accept);
      reply(response, 200, type, text);
    }),
    get('/events', ({ response }) => events.open(response)),
    get('/picture', ({ response, search }) => {
      const picture = watched.picture?.(Number(search.get('number')));
      if (picture === undefined) throw new Refused(404, 'that picture is not kept any more');
      reply(response, 200, picture.type, picture.bytes);
    }),
    ...controlRoutes(watched),
  ];
}

function get(path: string, handle: Route['handle']): Route {
  return { method: 'GET', path, handle };
}
