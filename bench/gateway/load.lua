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

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format('{"requests":%d,"microseconds":%d,"failed":%d,"broken":%d,"p50":%d,"p99":%d}',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
