-- Prints what wrk has measured as bench.h prints it. The argument is the name of the server.
local first -- the only thread; each has a Lua of its own

function setup(thread)
    first = thread
end

function init(arguments)
    what = arguments[1]
end

local function show(name, us)
    print(string.format('{"what": "http%s_%s", "ns": %.1f}', name, first:get("what"), us * 1000))
end

function done(summary, latency)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status
    if failed > 0 then
        io.stderr:write(failed .. " requests failed\n")
        return
    end
    show("", summary.duration / summary.requests)
    show("_50", latency:percentile(50))
    show("_99", latency:percentile(99))
    show("_999", latency:percentile(99.9))
end
