"""What runs inside Redis, at Redis' own time, as a whole or not at all.

A subject's windows are one hash, `tollway:rates:<product>:<scope>:<subject>`. Its fields are, for each window by its
seconds, `60` for what is used and `60e` for when it turns, in milliseconds: nothing of what a plan allows, so that a
changed plan resets nothing. The hash expires when its last window turns.
"""

from tollway.limits.connection import Script

_WINDOWS = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function read(key, seconds)
  local state = redis.call('HMGET', key, seconds, seconds .. 'e')
  local used, turn = tonumber(state[1]) or 0, tonumber(state[2]) or 0
  if turn <= now then return 0, 0 end
  return used, math.min(turn, now + seconds * 1000)  -- the clock may have been set back
end

local function use(key, seconds, used, turn, more)
  if turn == 0 then
    turn = now + seconds * 1000
    redis.call('HSET', key, seconds, more, seconds .. 'e', turn)
    if redis.call('PTTL', key) < turn - now then redis.call('PEXPIREAT', key, turn) end
  else
    redis.call('HINCRBY', key, seconds, more)
  end
  return used + more, turn
end
"""

TAKE = Script(
    _WINDOWS
    + """
local answer, refused = {now, 0}, false
for i = 1, #ARGV, 3 do
  local key, seconds, amount = KEYS[tonumber(ARGV[i])], ARGV[i + 1], tonumber(ARGV[i + 2])
  local used, turn = read(key, seconds)
  if not refused then
    if used < amount then
      used, turn = use(key, seconds, used, turn, 1)
    else
      refused = true
      answer[2] = (i + 2) / 3
    end
  end
  answer[#answer + 1] = used
  answer[#answer + 1] = turn
end
return answer
"""
)
"""Takes one of each window, in their order, until one is full. Each window is given by the number of its key, its
seconds and its amount. Answers now, the number of the full window or 0, and for each how many are used and when it
turns; 0 is a window that has not begun."""

LEASE = Script(
    _WINDOWS
    + """
local answer = {now}
for place, seconds, amount, wanted in string.gmatch(ARGV[1], '(%d+) (%d+) (%d+) (%d+)') do
  local key = KEYS[tonumber(place)]
  amount, wanted = tonumber(amount), tonumber(wanted)
  local used, turn = read(key, seconds)
  local granted = math.min(wanted, math.ceil((amount - used) / 4))
  if granted > 0 then used, turn = use(key, seconds, used, turn, granted) else granted = 0 end
  answer[#answer + 1] = granted
  answer[#answer + 1] = used
  answer[#answer + 1] = turn
end
return table.concat(answer, ' ')
"""
)
"""Takes as many of each window as are wanted, but at most a quarter of what is left, so that the last ones are not all
with one gateway. Each window is given by the number of its key, its seconds, its amount and how many are wanted.
Answers now, and for each how many were granted, how many are used and when it turns. Both ways the numbers are words of
one string, since they are many where many callers are asked about together."""

GIVE_BACK = Script(
    """
for i, key in ipairs(KEYS) do
  local seconds, turn, unused = ARGV[i * 3 - 2], ARGV[i * 3 - 1], tonumber(ARGV[i * 3])
  local state = redis.call('HMGET', key, seconds, seconds .. 'e')
  if state[2] == turn then redis.call('HSET', key, seconds, math.max(0, tonumber(state[1]) - unused)) end
end
return {}
"""
)
"""Gives back what was leased and not used, if the window has not turned. For each key the window's seconds, when it
turns and how many."""
