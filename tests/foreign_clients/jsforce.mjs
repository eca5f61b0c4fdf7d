// Lets jsforce loose on a sandbox and prints, as JSON, what it made of the answers: node jsforce.mjs <url>
import jsforce from "jsforce";

const url = process.argv[2];
const seen = {};

const connection = new jsforce.Connection({ loginUrl: url, version: "60.0" });
const user = await connection.login("sandbox", "sandbox");
seen.organization = user.organizationId.length;
seen.identity = (await connection.identity()).username;

const account = await connection.sobject("Account").create({ Name: "Acme" });
seen.created = account.success;
const deals = await connection.sobject("Opportunity").create(
  [1, 2, 3].map((number) => ({
    Name: `Deal ${number}`,
    AccountId: account.id,
    StageName: "Prospecting",
    CloseDate: "2026-12-31",
    Amount: number * 100,
  })),
);
seen.createdMany = deals.map((deal) => deal.success);
const updated = await connection.sobject("Opportunity").update({ Id: deals[0].id, StageName: "Closed Won" });
seen.updated = updated.success;
const upserted = await connection.sobject("Account").upsert({ Tollway_External_Id__c: "x-1", Name: "Key" }, "Tollway_External_Id__c");
seen.upserted = upserted.success;

const found = await connection.query("SELECT Name, Account.Name FROM Opportunity WHERE IsWon = true");
seen.won = found.records.map((record) => `${record.Account.Name}: ${record.Name}`);
const chained = await connection
  .sobject("Opportunity")
  .find({ Amount: { $gte: 200 }, CloseDate: { $gt: jsforce.SfDate.toDateLiteral(new Date("2026-01-01")) } }, "Id, Name")
  .sort({ Name: -1 })
  .limit(5);
seen.chained = chained.map((record) => record.Name);
const parents = await connection
  .sobject("Account")
  .select("Name")
  .include("Opportunities")
  .select("Name")
  .orderby("Name")
  .end()
  .where("Id != null");
seen.children = parents.map((record) => (record.Opportunities ? record.Opportunities.records.length : 0));
seen.streamed = (await connection.query("SELECT Id FROM Opportunity").autoFetch(true).execute()).records?.length;
seen.fields = (await connection.sobject("Opportunity").describe()).fields.some((field) => field.name === "StageName");
seen.many = (await connection.sobject("Opportunity").retrieve(deals.map((deal) => deal.id))).map((one) => one.Name);
seen.usage = connection.limitInfo.apiUsage.limit;

try {
  await connection.sobject("Account").create({ Nix: 1 });
} catch (error) {
  seen.refused = error.errorCode;
}

const bulk = await connection.bulk.load("Contact", "insert", [{ LastName: "One" }, { LastName: "x".repeat(99) }]);
seen.bulk = bulk.map((result) => result.success);
const rows = [];
const stream = await connection.bulk.query("SELECT LastName FROM Contact");
await new Promise((resolve, reject) => {
  stream.on("record", (row) => rows.push(row.LastName)).on("end", resolve).on("error", reject);
});
seen.bulkRows = rows;
const loaded = await connection.bulk2.loadAndWaitForResults({
  object: "Contact",
  operation: "insert",
  input: [{ LastName: "Two" }, { LastName: "Three" }],
  pollInterval: 10,
});
seen.bulk2 = [loaded.successfulResults.length, loaded.failedResults.length];
const extracted = await (await connection.bulk2.query("SELECT LastName FROM Contact ORDER BY LastName", { pollInterval: 10 })).toArray();
seen.bulk2Rows = extracted.map((row) => row.LastName);

seen.deleted = (await connection.sobject("Opportunity").destroy(deals.map((deal) => deal.id))).map((one) => one.success);
await connection.logout();

const service = new jsforce.Connection({ instanceUrl: url, loginUrl: url, version: "60.0",
  oauth2: { clientId: "sandbox", clientSecret: "sandbox", loginUrl: url } });
await service.authorize({ grant_type: "client_credentials" });
seen.clientCredentials = (await service.query("SELECT COUNT() FROM Account")).totalSize;

process.stdout.write(JSON.stringify(seen));
