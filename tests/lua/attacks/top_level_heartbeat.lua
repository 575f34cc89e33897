-- expect: run.heartbeat cannot be called at a module's top level
run.heartbeat()
return { run = function() end }
