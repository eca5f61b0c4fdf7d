// Lets the Pub/Sub API client loose on a sandbox and prints, as JSON, what it was told of opportunities:
// node pubsub.mjs <url> <Pub/Sub host:port> <events to wait for> [replay id to begin behind]
import PubSubApiClient from "salesforce-pubsub-api-client";

const [url, endpoint, count, replayId] = process.argv.slice(2);
const form = { grant_type: "client_credentials", client_id: "sandbox", client_secret: "sandbox" };
const session = await (await fetch(`${url}/services/oauth2/token`, { method: "POST", body: new URLSearchParams(form) })).json();
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const client = new PubSubApiClient(
  {
    authType: "user-supplied",
    accessToken: session.access_token,
    instanceUrl: session.instance_url.replace("http:", "https:"), // it takes no other
    organizationId: session.id.split("/id/")[1].split("/")[0],
    pubSubEndpoint: endpoint,
    rejectUnauthorizedSsl: false,
  },
  silent,
);
await client.connect();

const told = [];
await new Promise((resolve, reject) => {
  const callback = (subscription, type, data) => {
    if (type === "event") told.push(data);
    if (type === "error") reject(data);
    if (told.length === Number(count)) resolve();
  };
  const topic = "/data/OpportunityChangeEvent";
  if (replayId) client.subscribeFromReplayId(topic, callback, Number(count), Number(replayId));
  else client.subscribeFromEarliestEvent(topic, callback, Number(count));
});
client.close();
const plain = (key, value) => (typeof value === "bigint" ? Number(value) : value);
console.log(JSON.stringify(told.map(({ replayId, payload }) => ({ replayId, payload })), plain));
process.exit(0);
