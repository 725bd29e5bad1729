// What a page in TypeScript may write; checked, never run.
import { connect, positionOf, type Position } from "../../../channels_celery/static/channels_celery/client.js";
import { isDone, withEvent, type Job } from "../../../channels_celery/static/channels_celery/jobs.js";
import { eventStream } from "../../../channels_celery/static/channels_celery/sse.js";

const connection = connect("/ws/", { visitor: null, fallback: eventStream("/events/") });
const since: Position | undefined = positionOf(document.body);
let job: Job | undefined;

const following = connection.subscribe("photo.7", {
  since,
  onEvent: (event) => {
    job = withEvent(job, event);
    const state: string | undefined = job?.state;
    if (job && isDone(job) && state) following.close();
  },
  onGap: ({ reason }) => reason === "trimmed",
  onError: ({ code, message }) => console.log(code, message),
});
connection.on("state", (state, why) => console.log(state === "offline", why?.code));
const sent: Promise<{ seq: number; duplicate: boolean }> = connection.publish("chat.1", "message", {});
void sent;

// @ts-expect-error a follower has to hear events
connection.subscribe("photo.8", {});
// @ts-expect-error there is no such state
connection.on("state", (state) => state === "away");
// @ts-expect-error a position has a mid
connection.subscribe("photo.9", { since: { epoch: "e", seq: 1 }, onEvent: () => {} });
// @ts-expect-error it takes a maker of streams, not an address
connect("/ws/", { fallback: "/events/" });
