// npm's `netsuite-rest`: records, SuiteQL and errors over token-based authentication.
const NetsuiteRest = require("netsuite-rest");

const api = new NetsuiteRest({
  consumer_key: "sandbox",
  consumer_secret_key: "sandbox",
  token: "sandbox",
  token_secret: "sandbox",
  realm: "TSTDRV0000001",
  base_url: process.env.SANDBOX_URL,
});

async function main() {
  const ping = await api.request({ path: "*", method: "OPTIONS" });
  const body = JSON.stringify({ companyName: "Node Ltd", subsidiary: "2", isPerson: false });
  const created = await api.request({ path: "record/v1/customer/", method: "POST", body });
  const listed = await api.request({ path: "record/v1/customer/" });
  const { id } = listed.data.items[0]; // the client loses the headers, Location among them, on a present-day Node
  const q = "SELECT id, companyName, dateCreated FROM customer WHERE dateCreated >= '01/01/2019'";
  const queried = await api.request({ path: "query/v1/suiteql?limit=5", method: "POST", body: JSON.stringify({ q }) });
  const refusals = [];
  for (const request of [
    { path: "record/v1/bad-path" },
    { path: "record/v1/customer/-1" },
    { path: "record/v1/customer", method: "post", body: "bad body" },
    { path: "record/v1/customer", method: "post", body: "{}" },
  ]) {
    await api.request(request).catch((error) => {
      refusals.push(JSON.parse(error.response.body)["o:errorDetails"][0].detail);
    });
  }
  const removed = await api.request({ path: `record/v1/customer/${id}`, method: "DELETE" });
  console.log(
    JSON.stringify({
      statuses: [ping, created, listed, queried, removed].map((response) => response.statusCode),
      empty: created.data,
      count: listed.data.count,
      items: queried.data.items,
      refusals,
    }),
  );
}

main();
