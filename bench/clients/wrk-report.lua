-- Asks for the paths of a file in turn and prints what the benchmark needs on one line:
-- requests, microseconds, failures, p50 and p99 in microseconds.
-- Arguments: the file of paths.

local requests = {}
local position = 0
local thread_number = 0

function setup(thread)
  thread:set("offset", thread_number * 7919)
  thread_number = thread_number + 1
end

function init(args)
  for path in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
  position = offset
end

function request()
  position = position + 1
  return requests[position % #requests + 1]
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format("REPORT %d %d %d %d %d",
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
