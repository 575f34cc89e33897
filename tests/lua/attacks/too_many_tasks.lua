-- expect: limit: task.spawn
return { run = function() for _ = 1, 100 do task.spawn(function() run.sleep(100) end) end end }
