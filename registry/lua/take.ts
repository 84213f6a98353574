/**
 * Takes from several limits at once, all or none, on the clock of Redis. What is refused changes nothing.
 *
 * KEYS: the state of each limit, all of one slot. ARGV: how many calls wait, live gateways, holder, ms that its slots
 * stay booked; then ten for each limit: kind, 1 when only observed, limit, cost of a call, lease wanted near the limit
 * and far from it, ms that a lease may be spent, and three by kind: window in ms (w); window in ms, burst (s);
 * begin and end of the present period and end of the next, in ms (c); none (f).
 *
 * As many of the calls are let through as all limits have room for: k. Beside them a limit grants a lease while it is
 * far from full: then half of it stays free; or near, and every gateway could still have as much. Nothing in between
 * waits for anything.
 *
 * @returns now in ms, k, then six for each limit: calls counted, lease, remaining, ms until one more call fits (0: this
 * limit refuses none; of calls in flight nobody knows, so it is when to look again), ms until the limit is whole again, stamp (by which a lease is given back)
 *
 * w, sliding window: a hash of sub-buckets. A field is the time at which its bucket ended (so that a window of another
 * length reads it rightly), its value what was taken in it. A bucket counts whole until its end has left the window:
 * never more than the limit in any window, at the price of a call coming free up to a twentieth of the window late. A
 * lease is booked at the end of its life: whenever it is spent, it is counted for a whole window from then.
 *
 * s, GCRA: one string, the theoretical arrival time in microseconds, rounded up, so that rounding never gives a call
 * away. A lease arrives at the end of its life, for the same reason.
 *
 * c, calendar: a hash of the end of the period and what was taken in it. When the end of the running period moves (an
 * edit of the time zone), the count stays.
 *
 * f, calls in flight: a hash of slots booked and time of expiry, by holder. A holder that falls silent loses its slots.
 */
export const takeScript = /* lua */ `
local calls, nodes, holder, heldMs = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local time = redis.call('TIME')
local nowUs = tonumber(time[1]) * 1000000 + tonumber(time[2])
local nowMs = math.floor(nowUs / 1000)
local whole = function(n) return string.format('%.0f', n) end
local kinds = {}

kinds.w = {
  read = function(c)
    c.width = math.max(1, math.ceil(c.a / 20))
    c.ends, c.counts, c.used, c.newest = {}, {}, 0, 0
    local state = redis.call('HGETALL', c.key)
    for i = 1, #state, 2 do
      local stop, count = tonumber(state[i]), tonumber(state[i + 1])
      -- A bucket more than a window ahead was written before the clock was set back: it would block for as long.
      if stop <= nowMs - c.a or stop > nowMs + c.a + c.width then
        redis.call('HDEL', c.key, state[i])
      else
        c.ends[#c.ends + 1] = stop
        c.counts[stop] = count
        c.used = c.used + count
        c.newest = math.max(c.newest, stop)
      end
    end
    c.room = c.limit - c.used
    c.leaseRoom = c.room
  end,
  retryAfterMs = function(c, more)
    table.sort(c.ends)
    local left = c.used
    for _, stop in ipairs(c.ends) do
      left = left - c.counts[stop]
      if left + more <= c.limit then return stop + c.a - nowMs end
    end
    return c.a
  end,
  take = function(c, amount, lifeMs)
    c.stamp = (math.floor((nowMs + lifeMs) / c.width) + 1) * c.width
    redis.call('HINCRBY', c.key, whole(c.stamp), amount)
    c.newest = math.max(c.newest, c.stamp)
    redis.call('PEXPIRE', c.key, c.newest + c.a - nowMs)
  end,
  resetMs = function(c)
    if c.newest == 0 then return 0 end
    return c.newest + c.a - nowMs
  end,
}

kinds.s = {
  read = function(c)
    c.step = c.a * 1000 / c.limit
    c.size = c.b
    c.wide = c.step * c.b + 1
    c.arrival = math.max(nowUs, tonumber(redis.call('GET', c.key) or 0))
    c.room = math.floor((c.wide - (c.arrival - nowUs)) / c.step)
    c.leaseRoom = math.floor((c.wide - (math.max(nowUs + c.lifeMs * 1000, c.arrival) - nowUs)) / c.step)
  end,
  retryAfterMs = function(c, more)
    return math.ceil((math.ceil(c.arrival + c.step * more) - c.wide + 1 - nowUs) / 1000)
  end,
  take = function(c, amount, lifeMs)
    c.arrival = math.ceil(math.max(c.arrival, nowUs + lifeMs * 1000) + c.step * amount)
    c.stamp = c.arrival
    redis.call('SET', c.key, whole(c.arrival), 'PX', math.max(1, math.ceil((c.arrival - nowUs) / 1000)))
  end,
  resetMs = function(c) return math.ceil((c.arrival - nowUs) / 1000) end,
}

kinds.c = {
  read = function(c)
    c.stop = c.b
    if nowMs < c.a then c.stop = c.a end
    if nowMs >= c.b then
      -- The next period; of a gateway whose clock is further behind, one as long as the next.
      local length = c.c - c.b
      c.stop = c.b + (math.floor((nowMs - c.b) / length) + 1) * length
    end
    local state = redis.call('HMGET', c.key, 'end', 'count')
    c.used = 0
    if state[1] and nowMs < tonumber(state[1]) then c.used = tonumber(state[2]) end
    c.room = c.limit - c.used
    c.leaseRoom = c.room
  end,
  retryAfterMs = function(c) return c.stop - nowMs end,
  take = function(c, amount)
    redis.call('HSET', c.key, 'end', whole(c.stop), 'count', whole(c.used + amount))
    redis.call('PEXPIRE', c.key, c.stop - nowMs)
    c.stamp = c.stop
  end,
  resetMs = function(c) return c.stop - nowMs end,
}

kinds.f = {
  read = function(c)
    c.held, c.used = 0, 0
    local state = redis.call('HGETALL', c.key)
    for i = 1, #state, 2 do
      local held, untilMs = string.match(state[i + 1], '^(%d+) (%d+)$')
      if tonumber(untilMs) <= nowMs or tonumber(untilMs) > nowMs + heldMs * 4 then
        redis.call('HDEL', c.key, state[i])
      else
        c.used = c.used + tonumber(held)
        if state[i] == holder then c.held = tonumber(held) end
      end
    end
    c.room = c.limit - c.used
    c.leaseRoom = c.room
    c.renews = c.held > 0
    c.stamp = c.held
  end,
  retryAfterMs = function() return 50 end,
  take = function(c, amount)
    c.stamp = c.held + amount
    redis.call('HSET', c.key, holder, whole(c.stamp) .. ' ' .. whole(nowMs + heldMs))
    redis.call('PEXPIRE', c.key, heldMs)
  end,
  resetMs = function() return 0 end,
}

local claims, k = {}, calls
for i, key in ipairs(KEYS) do
  local at = 4 + (i - 1) * 10
  local number = function(n) return tonumber(ARGV[at + n]) end
  local c = {
    key = key, kind = kinds[ARGV[at + 1]], observed = ARGV[at + 2] == '1', limit = number(3), cost = number(4),
    near = number(5), far = number(6), lifeMs = number(7), a = number(8), b = number(9), c = number(10), stamp = 0,
  }
  c.size = c.limit
  c.kind.read(c)
  if c.cost == 0 then
    c.fits = 0
    if c.room >= 0 then c.fits = calls end
  else
    c.fits = math.max(0, math.floor(c.room / c.cost))
  end
  if not c.observed then k = math.min(k, c.fits) end
  claims[i] = c
end

local result = { nowMs, k }
local isRefused = calls > 0 and k == 0
for _, c in ipairs(claims) do
  local counted = math.min(k, c.fits)
  local taken, lease = counted * c.cost, 0
  if not isRefused then
    local free = c.leaseRoom - taken
    if c.far > 0 and free - c.far >= c.size / 2 then
      lease = c.far
    elseif c.near > 0 and free >= c.near * nodes then
      lease = c.near
    end
  end
  local retryAfterMs = 0
  if counted < calls and c.fits <= counted then
    retryAfterMs = math.max(1, c.kind.retryAfterMs(c, taken + c.cost))
  end
  if taken + lease > 0 or (c.renews and not isRefused) then
    local lifeMs = 0
    if lease > 0 then lifeMs = c.lifeMs end
    c.kind.take(c, taken + lease, lifeMs)
  end
  local left = c.room - taken - lease
  for _, value in ipairs({ counted, lease, math.max(0, left), retryAfterMs, c.kind.resetMs(c), c.stamp }) do
    result[#result + 1] = value
  end
end
return result`

/**
 * Takes back what was not spent. KEYS as above; ARGV: holder, then four for each: kind, amount, stamp, and the interval
 * between two calls in microseconds (s).
 *
 * A lease of GCRA comes back only while nobody took after it: calls that came later were measured from it.
 */
export const giveBackScript = /* lua */ `
local holder = ARGV[1]
local whole = function(n) return string.format('%.0f', n) end
for i, key in ipairs(KEYS) do
  local at = 1 + (i - 1) * 4
  local kind, amount, stamp, step = ARGV[at + 1], tonumber(ARGV[at + 2]), ARGV[at + 3], tonumber(ARGV[at + 4])
  if kind == 'w' then
    local count = tonumber(redis.call('HGET', key, stamp) or 0)
    if count > amount then
      redis.call('HINCRBY', key, stamp, -amount)
    elseif count > 0 then
      redis.call('HDEL', key, stamp)
    end
  elseif kind == 's' then
    if redis.call('GET', key) == stamp then
      redis.call('SET', key, whole(math.ceil(tonumber(stamp) - amount * step)), 'KEEPTTL')
    end
  elseif kind == 'c' then
    local state = redis.call('HMGET', key, 'end', 'count')
    if state[1] == stamp then redis.call('HSET', key, 'count', whole(math.max(0, tonumber(state[2]) - amount))) end
  else
    local held, untilMs = string.match(redis.call('HGET', key, holder) or '', '^(%d+) (%d+)$')
    if held then
      if tonumber(held) > amount then
        redis.call('HSET', key, holder, whole(tonumber(held) - amount) .. ' ' .. untilMs)
      else
        redis.call('HDEL', key, holder)
      end
    end
  end
end
return #KEYS`
