-- wrk -s wrk.lua URL -- REQUESTS_FILE [REQUESTS_A_SECOND]
-- Sends the requests of the file in its order, over and over; with a rate, at that rate. They are read before the run
-- starts, so a request costs the load generator one look-up. Prints one line of JSON; times are microseconds.

local requests, is_miss, count, at = {}, {}, 0, 0
sent, misses_sent, late = 0, 0, 0 -- global, because done() reads them through thread:get

local worker
function setup(thread) worker = thread end -- a single one runs

-- Requests fall due at a constant rate, and whichever connection is free sends the next. wrk's timers count whole
-- milliseconds, so what falls due within one leaves together.
local function open_loop(rate)
  local ffi, due = require("ffi"), nil
  ffi.cdef("struct clock { long s, us; }; int gettimeofday(struct clock *, void *);")
  local clock = ffi.new("struct clock")
  function delay()
    ffi.C.gettimeofday(clock, nil)
    local now = tonumber(clock.s) * 1e3 + tonumber(clock.us) / 1e3
    due = (due or now) + 1e3 / rate
    if due < now - 1 then late = late + 1 end
    return math.max(0, math.ceil(due) - math.floor(now))
  end
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  for line in file:lines() do
    local kind, bytes = line:match("^(%a+) (%d+)$")
    count = count + 1
    is_miss[count] = kind == "miss"
    requests[count] = file:read(tonumber(bytes))
  end
  file:close()
  if args[2] then open_loop(tonumber(args[2])) end
end

function request()
  at = at % count + 1
  sent = sent + 1
  if is_miss[at] then misses_sent = misses_sent + 1 end
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "duration_us": %d, "sent": %d, "misses_sent": %d, "late": %d, "status_errors": %d, '
      .. '"socket_errors": %d, "p50_us": %d, "p99_us": %d, "max_us": %d}\n',
    summary.requests, summary.duration, worker:get("sent"), worker:get("misses_sent"), worker:get("late"),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
