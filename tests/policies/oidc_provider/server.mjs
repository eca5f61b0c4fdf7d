// A certified OpenID provider on loopback: node server.mjs <port>. Prints `ready`; ends when its standard input does.
// POST /rotate gives it a new signing key; GET /asked tells how often its keys were asked for.
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const issuer = `http://127.0.0.1:${process.argv[2]}`;
const scopes = "orders:read orders:write";
const resources = { "https://api.example.com/jwt": "jwt", "https://api.example.com/opaque": "opaque" };
const client = (client_id, more = {}) => ({
  client_id,
  client_secret: `secret of ${client_id}`,
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [],
  scope: scopes,
  ...more,
});

function provider(number) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return new Provider(issuer, {
    clients: [
      client("shop"),
      client("portal"),
      client("bank", { tls_client_certificate_bound_access_tokens: true }),
      client("gateway"),
    ],
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: `key-${number}`, use: "sig", alg: "RS256" }] },
    scopes: scopes.split(" "),
    extraTokenClaims: (_, token) => (token.clientId === "portal" ? { customers: ["ACC-1"] } : undefined),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 1) },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        // Stands for the TLS terminator in front of the provider.
        getCertificate: (ctx) => decodeURIComponent(ctx.get("x-certificate")) || undefined,
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: scopes,
          audience: "tollway",
          accessTokenFormat: resources[resource],
          accessTokenTTL: 600,
        }),
      },
    },
  });
}

let number = 1;
let current = provider(number).callback();
let asked = 0;
const server = createServer((request, response) => {
  if (request.url === "/rotate") {
    current = provider(++number).callback();
    response.end();
  } else if (request.url === "/asked") {
    response.end(String(asked));
  } else {
    asked += request.url === "/jwks" ? 1 : 0;
    current(request, response);
  }
});
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("ready"));
process.stdin.on("end", () => process.exit()).resume();
