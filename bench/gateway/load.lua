-- One operation for wrk, told by the environment; the last line it prints is what load.py reads.
wrk.method = os.getenv("BENCH_METHOD")
local body = os.getenv("BENCH_BODY")
if body then
  wrk.body = body
  wrk.headers["content-type"] = "application/json"
end

local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local run = os.getenv("BENCH_KEYS")
local sent = 0
if run then
  function request()
    sent = sent + 1
    wrk.headers["idempotency-key"] = string.format('"%s-%d-%d"', run, number, sent)
    return wrk.format()
  end
end

-- Of many clients and routes, one of each is drawn for every request.
local function lines(file)
  local found = {}
  for line in io.lines(file) do found[#found + 1] = line end
  return found
end

if os.getenv("BENCH_TOKENS") then
  local tokens, paths = lines(os.getenv("BENCH_TOKENS")), lines(os.getenv("BENCH_PATHS"))
  local random = math.random
  math.randomseed(os.time())
  for place, token in ipairs(tokens) do
    tokens[place] = " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " .. token .. "\r\n\r\n"
  end
  function request()
    return "GET " .. paths[random(#paths)] .. tokens[random(#tokens)]
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format('{"requests":%d,"microseconds":%d,"failed":%d,"broken":%d,"p50":%d,"p99":%d}',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
