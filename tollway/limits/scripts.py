"""What runs inside Redis, at Redis' own time, as a whole or not at all.

A subject's windows are one hash, `tollway:rates:<product>:<scope>:<subject>`. Its fields are, for each window by its
seconds, `60` for what is used, `60e` for when it turns, in milliseconds, and `60r` for what gateways have reserved in
those to come, each as its name, how many, and until when: nothing of what a plan allows, so that a changed plan resets
nothing. The hash expires when its last window has turned and its last reservation has ended.
"""

from tollway.limits.connection import Script
from tollway.limits.reservations import LASTS

_WINDOWS = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function read(key, seconds, amount, whose)
  local state = redis.call('HMGET', key, seconds, seconds .. 'e', seconds .. 'r')
  local turn, length = tonumber(state[2]) or 0, seconds * 1000
  local window = {
    key = key, seconds = seconds, length = length, used = tonumber(state[1]) or 0, turn = turn, turned = 0,
    mine = 0, lasts = false, others = 0, reserved = {}
  }
  for name, many, till in string.gmatch(state[3] or '', '(%w+) (%d+) (%d+)') do
    local left = till - now
    if left + length > 0 and left <= LASTS then  -- one that ended is counted in windows that began before that
      if name == whose then
        window.mine, window.lasts = tonumber(many), left > 0
      else
        window.others = window.others + many
        window.reserved[#window.reserved + 1] = name .. ' ' .. many .. ' ' .. till
      end
    end
  end
  window.others = math.min(window.others, math.floor(amount / 2))  -- it is more where the amount was larger before
  if turn <= now then
    window.turned, window.turn, window.used = turn, 0, window.others
  else
    window.turn = math.min(turn, now + length)  -- the clock may have been set back
  end
  return window
end

local function live(key, till)
  if redis.call('PTTL', key) < till - now then redis.call('PEXPIREAT', key, till) end
end

local function use(window, more, ago)
  window.used = window.used + more
  if window.turn == 0 then
    window.turn = math.max(now - ago, window.turned, now - window.length + 1) + window.length
    redis.call('HSET', window.key, window.seconds, window.used, window.seconds .. 'e', window.turn)
    live(window.key, window.turn)
  else
    redis.call('HINCRBY', window.key, window.seconds, more)
  end
end
""".replace("LASTS", str(int(LASTS * 1000)))

TAKE = Script(
    _WINDOWS
    + """
local answer, refused = {now, 0}, false
for i = 1, #ARGV, 3 do
  local amount = tonumber(ARGV[i + 2])
  local window = read(KEYS[tonumber(ARGV[i])], ARGV[i + 1], amount)
  if not refused then
    if window.used < amount then
      use(window, 1, 0)
    else
      refused = true
      answer[2] = (i + 2) / 3
    end
  end
  answer[#answer + 1] = window.used
  answer[#answer + 1] = window.turn
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
local whose = ARGV[1]

local function reserve(window, amount, many)
  if many == 0 then return false end
  if not (window.lasts and window.mine == many) then
    if window.others + many > amount / 2 then return false end
    if window.turn > 0 then
      if window.used + many > amount then return false end
      use(window, many, 0)
    end
  end
  window.reserved[#window.reserved + 1] = whose .. ' ' .. many .. ' ' .. (now + LASTS)
  return true
end

local function lease(window, amount, wanted, ago)
  if window.turn == 0 then window.used = window.others + window.mine / 2 end
  local granted = math.max(0, math.min(wanted, math.ceil((amount - window.used) / 4)))
  if wanted > 0 and (granted > 0 or window.turn == 0) then use(window, granted, ago) end
  return granted
end

local answer = {now}
local words = '(%d+) (%d+) (%d+) (%d+) (%d+) (%d+)'
for place, seconds, amount, wanted, many, ago in string.gmatch(ARGV[2], words) do
  amount, many = tonumber(amount), tonumber(many)
  local window = read(KEYS[tonumber(place)], seconds, amount, whose)
  local granted = 0
  if not reserve(window, amount, many) then
    many, granted = 0, lease(window, amount, tonumber(wanted), tonumber(ago))
  end
  if many > 0 or window.mine > 0 then
    redis.call('HSET', window.key, seconds .. 'r', table.concat(window.reserved, ' '))
    live(window.key, now + LASTS + window.length)
  end
  answer[#answer + 1] = granted
  answer[#answer + 1] = window.used
  answer[#answer + 1] = window.turn
  answer[#answer + 1] = many
end
return table.concat(answer, ' ')
""".replace("LASTS", str(int(LASTS * 1000)))
)
"""Takes as many of each window as are wanted, but at most a quarter of what is left, so that the last ones are not all
with one gateway; or reserves as many in each to come, all gateways together at most half of the amount. Given are the
gateway's name, and each window by the number of its key, its seconds, its amount, how many are wanted, how many to
reserve instead, or 0 to give up what was reserved, and for how many milliseconds a window has run already in which half
of that was used. Answers now, and for each how many were granted, how many are used, when it turns and how many are
reserved. Both ways the numbers are words of one string, since they are many where many callers are asked about
together."""

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
