"""What runs inside Redis for a quota, at Redis' own time, as a whole or not at all.

A connection is six keys: `state`, a hash of what was told and of the gates, in milliseconds; `running`, a hash of each
worker's calls under way with the end of its lease; `queue`, the tickets by when they came, those of lower priority as
if later; `seen`, when each ticket was last asked for; `workers`, when each worker was last heard of; and `sent`, the
calls of the longest window.
"""

from tollway.limits.connection import Script

KEYS = ("state", "running", "queue", "seen", "workers", "sent")
NONE = -1
"""Stands for what an answer did not tell."""

_BEGIN = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local state, runs, queue, seen, workers, sent = unpack(KEYS)
local place = 0
local function text() place = place + 1; return ARGV[place] end
local function number() return tonumber(text()) end
local worker, turn, running, life, stale, remembered = text(), number(), number(), number(), number(), number()
local most, assumed, daily, rest = number(), number(), number(), number()
local failures, open_for, longest, probing = number(), number(), number(), number()
local windows = {}
for i = 1, number() do windows[i] = {number(), number()} end

local s = {}
local fields = redis.call('HGETALL', state)
for i = 1, #fields, 2 do s[fields[i]] = tonumber(fields[i + 1]) end
for _, name in ipairs({'paused', 'daily', 'open', 'open_for', 'failures', 'probe', 'used', 'allowed', 'left', 'turns',
                       'told'}) do
  s[name] = s[name] or 0
end
-- The clock may have been set back: nothing lasts longer than it was to.
s.daily, s.probe = math.min(s.daily, now + rest), math.min(s.probe, now + probing)
s.open = math.min(s.open, now + longest)
"""

_NOTES = """
for _ = 1, number() do
  local ended, probe, pause, used, allowed = number(), number() == 1, number(), number(), number()
  local exhausted, left, turns, told = number() == 1, number(), number(), number()
  if pause > 0 then s.paused = math.max(s.paused, now + pause) end
  if allowed > 0 then s.used, s.allowed = used, allowed end
  if told > 0 then s.told = told end
  if left >= 0 then
    if s.turns > now then s.left = math.min(s.left, left) else s.left, s.turns = left, now + turns end
  end
  local stop = daily > 0 and math.min(daily, allowed) or allowed
  if exhausted or (allowed > 0 and used >= stop) then
    s.daily = now + rest
  elseif probe and ended == 0 then
    s.daily = 0
  end
  if probe then s.probe = 0 end
  if ended == 0 and (probe or s.open == 0) then
    s.failures, s.open, s.open_for = 0, 0, 0
  elseif ended == 1 and (probe or s.open == 0) then
    s.failures = s.failures + 1
    if s.failures >= failures then
      s.open_for = math.min(s.open_for > 0 and s.open_for * 2 or open_for, longest)
      s.open = now + s.open_for
    end
  end
end
"""

_QUEUE = """
local others, late = 0, false
local held = redis.call('HGETALL', runs)
for i = 1, #held, 2 do
  local count, ends, order = string.match(held[i + 1], '(%d+):(%d+):(%d+)')
  if held[i] == worker then
    late = tonumber(order) > turn
  elseif tonumber(ends) <= now or tonumber(ends) > now + life then
    redis.call('HDEL', runs, held[i])
  else
    others = others + count
  end
end
redis.call('ZADD', workers, now, worker)
redis.call('ZREMRANGEBYSCORE', workers, '-inf', now - remembered)

local function leave(id) redis.call('ZREM', queue, id); redis.call('ZREM', seen, id) end
for _ = 1, number() do leave(text()) end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now - stale)) do leave(id) end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', seen, now + stale, '+inf')) do leave(id) end
local tickets = {}
for i = 1, number() do
  local id, came = text(), now - number() + number()
  tickets[i] = id
  redis.call('ZADD', queue, 'NX', came, id)
  redis.call('ZADD', seen, now, id)
end
"""

_GATES = """
local room, gate, wait, trying = 1000000000, 0, 0, false
local function hold(kind, free, seconds)
  if free < 1 and kind >= gate then gate, wait = kind, seconds end
  room = math.min(room, math.max(0, free))
end
local known = s.told > 0 and s.told or (most > 0 and most or assumed)
if most > 0 then known = math.min(known, most) end
if known > 0 then hold(1, known - others - running, 0) end
local length = 0
for _, window in ipairs(windows) do
  local used = redis.call('ZCOUNT', sent, '(' .. (now - window[2]), '+inf')
  local until_free = 0
  if used >= window[1] then
    local oldest = redis.call('ZRANGE', sent, -window[1], -window[1], 'WITHSCORES')
    until_free = oldest[2] + window[2] - now
  end
  hold(2, window[1] - used, until_free)
  length = math.max(length, window[2])
end
if s.turns > now then hold(2, s.left, s.turns - now) end
if s.paused > now then hold(3, 0, s.paused - now) end
for kind, ends in pairs({[4] = s.daily, [5] = s.open}) do
  if ends > now then
    hold(kind, 0, ends - now)
  elseif ends > 0 then
    trying = true
    hold(kind, s.probe > now and 0 or 1, open_for)
    if kind > gate then gate, wait = kind, open_for end
  end
end
"""

_GRANT = """
local granted = {}
for i, id in ipairs(tickets) do
  -- Whoever tries an account again is the next of whoever asks: the one before it may be another worker's.
  local before = trying and i - 1 or redis.call('ZRANK', queue, id)
  if not late and before < room then granted[#granted + 1] = i end
end
for _, i in ipairs(granted) do leave(tickets[i]) end
if gate >= 4 then for _, id in ipairs(tickets) do leave(id) end end
if trying and #granted > 0 then s.probe = now + probing end
if s.turns > now then s.left = s.left - #granted end
if length > 0 and #granted > 0 then
  for i = 1, #granted do redis.call('ZADD', sent, now, worker .. ':' .. turn .. ':' .. i) end
  redis.call('ZREMRANGEBYSCORE', sent, '-inf', now - length)
  redis.call('PEXPIRE', sent, length)
end
running = running + #granted
if not late then redis.call('HSET', runs, worker, running .. ':' .. (now + life) .. ':' .. turn) end
redis.call('PEXPIRE', runs, life)
redis.call('PEXPIRE', queue, stale)
redis.call('PEXPIRE', seen, stale)
redis.call('PEXPIRE', workers, remembered)
local flat = {}
for name, value in pairs(s) do flat[#flat + 1] = name; flat[#flat + 1] = value end
redis.call('HSET', state, unpack(flat))
redis.call('PEXPIRE', state, math.max(remembered, s.daily - now, s.open - now, s.paused - now, s.turns - now))
local answer = {gate, wait, redis.call('ZCARD', workers), others + running, known, s.used, s.allowed,
                trying and #granted > 0 and 1 or 0}
for _, i in ipairs(granted) do answer[#answer + 1] = i - 1 end
return answer
"""

EXCHANGE = Script(_BEGIN + _NOTES + _QUEUE + _GATES + _GRANT)
"""One exchange of one worker about one connection; `shared.SharedBook` gives its arguments and reads its answer."""
