// Sends what a form of the reference describes, to this gateway alone, and shows the answer.
"use strict";

const token = document.getElementById("token");
if (token) {
  token.value = sessionStorage.getItem("token") || "";
  token.addEventListener("input", () => sessionStorage.setItem("token", token.value.trim()));
}

function asked(form) {
  const query = new URLSearchParams();
  const headers = {};
  let path = form.dataset.path;
  for (const field of form.querySelectorAll("[data-in]")) {
    const value = field.value;
    if (value === "" && field.dataset.in !== "path") continue;
    if (field.dataset.in === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(value));
    if (field.dataset.in === "query") query.append(field.name, value);
    if (field.dataset.in === "header") headers[field.name] = value;
  }
  if (token.value.trim()) headers.authorization = `Bearer ${token.value.trim()}`;
  const body = form.querySelector("textarea");
  if (body) headers["content-type"] = body.dataset.type;
  const search = query.toString();
  return [search ? `${path}?${search}` : path, { method: form.dataset.method, headers, body: body ? body.value : undefined }];
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  const shown = form.querySelector("pre");
  const [address, request] = asked(form);
  shown.hidden = false;
  shown.textContent = `${request.method} ${address} …`;
  try {
    const answer = await fetch(address, { ...request, redirect: "error", credentials: "omit" });
    const fields = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    shown.textContent = `${answer.status} ${answer.statusText}\n${fields}\n\n${pretty(await answer.text())}`;
  } catch (error) {
    shown.textContent = `${request.method} ${address} was not answered: ${error.message}`;
  }
}

for (const form of document.querySelectorAll("form.try")) form.addEventListener("submit", send);
