/** How the job's server is, whenever that changes. */
import { subscribe } from '../../telemetry/channels.ts';

/** Say how the job's server is, each time that changes. @returns how to stop */
export function noteServer(say: (text: string) => void): () => void {
  return subscribe('flow-dc:server', ({ state, server }) => {
    switch (state) {
      case 'up':
        return say(`the NATS server at ${server} answers again`);
      case 'away':
        return say(
          `the NATS server at ${server} is away: waiting for it; nothing is lost, and nobody has to be started again`,
        );
      case 'silent':
        return say(
          `the NATS server at ${server} is there, but its JetStream has not answered for 30 s: if this goes ` +
            'on, look into its log and restart it; nothing is lost by that',
        );
    }
  });
}
